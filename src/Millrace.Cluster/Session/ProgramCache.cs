using Microsoft.Extensions.Logging;
using Millrace.Cluster.Hosting;

namespace Millrace.Cluster.Session;

/// <summary>
/// The programs that are loaded in this process: each once, for all who build jobs of it, with a count of those. When nobody needs it any more, and nobody has come back for a while, it is unloaded. Safe for use by several threads.
/// </summary>
/// <param name="storage">Where programs come from.</param>
/// <param name="host">What they have in common with the host.</param>
/// <param name="settings">The options of the cluster.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Says what is loaded.</param>
internal sealed class ProgramCache(ProgramStorage storage, HostAssemblies host, ClusterSettings settings, TimeProvider time, ILogger<ProgramCache> logger) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly List<WeakReference<ProgramLoadContext>> _contexts = [];
    private ProgramFolder? _folder;
    private bool _isDisposed;

    /// <summary>How many contexts there are that were made and are not gone: those in use, and those that were unloaded and to which something refers still.</summary>
    public int Contexts
    {
        get
        {
            lock (_gate)
            {
                _contexts.RemoveAll(static context => !context.TryGetTarget(out _));
                return _contexts.Count;
            }
        }
    }

    /// <summary>Gives a program, and loads it first where nobody else has. May block.</summary>
    /// <returns>The program, to be given back.</returns>
    /// <exception cref="MillraceException">There is no such program, or it cannot be loaded.</exception>
    /// <exception cref="IOException">Its storage or the disk does not work.</exception>
    public ProgramLease Take(string id)
    {
        Entry entry;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (!_entries.TryGetValue(id, out entry!))
            {
                _entries.Add(id, entry = new Entry(id));
            }

            entry.Users++;
            entry.Timer?.Dispose();
            entry.Timer = null;
        }

        try
        {
            // Those that want the same one wait here, and not those that want another.
            lock (entry.Loading)
            {
                entry.Context ??= Load(entry);
                return new ProgramLease(this, entry, entry.Context);
            }
        }
        catch
        {
            Return(entry);
            throw;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            foreach (var entry in _entries.Values)
            {
                entry.Timer?.Dispose();
            }
        }

        _folder?.Dispose();
    }

    private void Return(Entry entry)
    {
        var delay = settings.Options.Session.UnloadDelay;
        lock (_gate)
        {
            if (--entry.Users > 0 || _isDisposed)
            {
                return;
            }

            if (entry.Context is not null && delay > TimeSpan.Zero)
            {
                entry.Timer = time.CreateTimer(_ => Unload(entry), null, delay, Timeout.InfiniteTimeSpan);
                return;
            }
        }

        Unload(entry);
    }

    private void Unload(Entry entry)
    {
        lock (_gate)
        {
            // Somebody may have come while the timer went off, or have unloaded it.
            if (entry.Users > 0 || !_entries.TryGetValue(entry.Id, out var current) || current != entry)
            {
                return;
            }

            _entries.Remove(entry.Id);
            entry.Timer?.Dispose();
            entry.Timer = null;
        }

        if (entry.Context is { } context)
        {
            entry.Context = null;
            context.Unload();
            FrameworkCaches.Clear();
            ProgramFolder.Delete(entry.Folder!);
            Log.ProgramUnloaded(logger, entry.Id);
        }
    }

    private ProgramLoadContext Load(Entry entry)
    {
        long began = time.GetTimestamp();
        var limits = ProgramLimits.Of(settings.Options.Session);
        string folder = FolderOfWorker().Next(entry.Id);
        try
        {
            string archive = Path.Combine(folder, "program.zip");
            string files = Path.Combine(folder, "files");
            Directory.CreateDirectory(files);
            using (var stream = new FileStream(archive, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose))
            {
                storage.Fetch(entry.Id, stream, limits.Packed);
                ProgramArchive.Unpack(stream, files, limits);
            }

            string entryAssembly = ProgramEntry.Find(Directory.EnumerateFiles(files).Select(static path => Path.GetFileName(path)), host);
            var context = new ProgramLoadContext($"program {entry.Id[..12]}", Path.Combine(files, entryAssembly), host);
            lock (_gate)
            {
                _contexts.RemoveAll(static old => !old.TryGetTarget(out _));
                _contexts.Add(new WeakReference<ProgramLoadContext>(context));
            }

            entry.Folder = folder;
            Log.ProgramLoaded(logger, entry.Id, entryAssembly, time.GetElapsedTime(began).TotalMilliseconds);
            return context;
        }
        catch (Exception error)
        {
            ProgramFolder.Delete(folder);
            if (error is BadImageFormatException or FileLoadException)
            {
                throw SessionErrors.CannotMake(error.Message, error);
            }

            throw;
        }
    }

    private ProgramFolder FolderOfWorker()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _folder ??= ProgramFolder.Open(settings);
        }
    }

    /// <summary>One program; what changes is under the cache's lock, but for what is made while it is loaded.</summary>
    internal sealed class Entry(string id)
    {
        public string Id => id;

        public Lock Loading { get; } = new();

        public int Users { get; set; }

        public ITimer? Timer { get; set; }

        public ProgramLoadContext? Context { get; set; }

        public string? Folder { get; set; }
    }

    /// <summary>The use of a program by one who builds a job of it.</summary>
    internal sealed class ProgramLease(ProgramCache owner, Entry entry, ProgramLoadContext context) : IDisposable
    {
        private ProgramLoadContext? _context = context;

        public ProgramLoadContext Context => _context ?? throw new ObjectDisposedException(nameof(ProgramLease));

        public void Dispose()
        {
            // Who keeps the lease by mistake is not to keep the program.
            if (Interlocked.Exchange(ref _context, null) is not null)
            {
                owner.Return(entry);
            }
        }
    }
}
