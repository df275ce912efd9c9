using Microsoft.Extensions.Configuration;
using Millrace.State.Backends;
using Millrace.State.RocksDb;
using Millrace.State.RocksDb.Cache;
using Millrace.State.RocksDb.Snapshots;
using Millrace.State.RocksDb.Storage;

namespace Millrace.State;

/// <summary>Keeps keyed state in RocksDB on local disk, behind a cache of objects: state may be larger than memory, and checkpoints are incremental.</summary>
/// <remarks>
/// <para>
/// <c>env.Options.StateBackend = new RocksDbStateBackend();</c> is all that is needed; from configuration, see <see cref="FromConfiguration"/>. One instance serves all jobs and subtasks of a process, which share
/// its memory budget. Safe for use by several threads.
/// </para>
/// <para>
/// Keys, and windows or other namespaces, are told apart by their serialized bytes as well as by their equality: values that are equal must be written as the same
/// bytes. All built-in types are but for numbers and times that have several forms of one value – <c>1.0m</c> and <c>1.00m</c>, <c>0.0</c> and <c>-0.0</c>, one moment with two offsets –
/// which are two keys here once one of them has left the cache. Bring them into one form in the key selector.
/// </para>
/// </remarks>
public sealed class RocksDbStateBackend : StateBackend
{
    private readonly Lock _gate = new();
    private readonly RocksDbOptions _options;
    private readonly MemoryBudget _budget;
    private SharedMemory? _memory;
    private LocalFolder? _folder;

    // What is open, and how it is closed without being asked.
    private readonly Dictionary<object, Action> _open = [];

    /// <summary>Creates a backend.</summary>
    /// <param name="options">What it may use; the defaults where there is none. Later changes have no effect.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public RocksDbStateBackend(RocksDbOptions? options = null)
    {
        options ??= new RocksDbOptions();
        options.Validate();
        _options = new RocksDbOptions
        {
            Directory = options.Directory,
            MemoryBudget = options.MemoryBudget,
            ObjectCacheShare = options.ObjectCacheShare,
            WriteBufferShare = options.WriteBufferShare,
            CompressFiles = options.CompressFiles,
        };
        _budget = new MemoryBudget((long)(options.MemoryBudget * options.ObjectCacheShare));
    }

    /// <summary>Creates a backend whose object caches are smaller than options allow, for tests that want everything to leave them all the time.</summary>
    internal RocksDbStateBackend(RocksDbOptions options, long cacheBytes)
        : this(options) => _budget = new MemoryBudget(cacheBytes);

    /// <inheritdoc/>
    public override string Name => "rocksdb";

    /// <summary>Makes a backend of a section of the configuration, <c>Millrace:State</c> by custom: each property of <see cref="RocksDbOptions"/> is a key of its name.</summary>
    /// <param name="section">The section. Its key <c>Backend</c>, which chose this backend, is left alone. <c>MemoryBudget</c> is a number of bytes or has a unit, such as <c>2GB</c>.</param>
    /// <returns>The backend.</returns>
    /// <exception cref="GraphException">A key is unknown, or a value is not one: the message names both, says what is expected, and for an unknown key which one may be meant.</exception>
    /// <example>
    /// One line makes the backend known, in front of <c>Configure</c>:
    /// <code>
    /// MillraceConfiguration.Backends.Add("rocksdb", RocksDbStateBackend.FromConfiguration);
    /// // appsettings.json: { "Millrace": { "State": { "Backend": "rocksdb", "Directory": "/data/millrace", "MemoryBudget": "2GB" } } }
    /// </code>
    /// </example>
    public static RocksDbStateBackend FromConfiguration(IConfigurationSection section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return RocksDbConfiguration.Create(section);
    }

    /// <summary>The bytes of the object caches.</summary>
    internal MemoryBudget Budget => _budget;

    /// <summary>The native memory, while any state is open.</summary>
    internal SharedMemory? Memory => _memory;

    /// <summary>The folder of the process, while any state is open.</summary>
    internal string? Folder => _folder?.Path;

    /// <inheritdoc/>
    public override IReadOnlyList<StateHeader>? ReadStates(ReadOnlyMemory<byte> metadata) =>
        [.. SnapshotMetadata.Read(metadata.Span).States.Where(state => state.Counts.Any(count => count > 0)).Select(state => state.Header)];

    /// <inheritdoc/>
    public override bool IsFailureOfState(Exception exception) => exception is RocksDbSharp.RocksDbException or RocksDbSharp.RocksDbSharpException;

    /// <inheritdoc/>
    /// <exception cref="IOException">The local folder cannot be made.</exception>
    public override KeyedStateBackend<TKey> CreateKeyedState<TKey>(KeyedStateContext<TKey> context)
    {
        ArgumentNullException.ThrowIfNull(context);
        lock (_gate)
        {
            _folder ??= new LocalFolder(_options.Directory ?? Path.Combine(Path.GetTempPath(), "millrace"));
            _memory ??= new SharedMemory(
                (long)(_options.MemoryBudget * (1 - _options.ObjectCacheShare)), (long)(_options.MemoryBudget * _options.WriteBufferShare), _options.CompressFiles);
            string name = $"{Guid.NewGuid():N}-{context.SubtaskIndex}";
            object opened = new();
            var state = new RocksDbKeyedState<TKey>(context, _budget, _memory, Path.Combine(_folder.Path, name), () => Released(opened));
            _open.Add(opened, state.Abandon);
            return state;
        }
    }

    /// <summary>Closes whatever is open, as the end of the process does: for simulated processes that were killed. Nothing of it may run any more.</summary>
    internal void Abandon()
    {
        Action[] open;
        lock (_gate)
        {
            open = [.. _open.Values];
        }

        foreach (var close in open)
        {
            close();
        }
    }

    private void Released(object opened)
    {
        lock (_gate)
        {
            if (_open.Remove(opened) && _open.Count == 0)
            {
                _memory?.Dispose();
                _memory = null;
                _folder?.Dispose();
                _folder = null;
            }
        }
    }
}
