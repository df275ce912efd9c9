using System.Diagnostics.CodeAnalysis;
using Millrace.Checkpointing;

namespace Millrace.Testing.Simulation;

/// <summary>
/// What outlives the processes of a simulated world: files in memory, with the faults that <see cref="StorageFaults"/> decides on. Processes reach it through a
/// <see cref="SimulatedStorage"/> each.
/// </summary>
internal sealed class SimulatedDisk(SimulatedScheduler world, StorageFaults faults, SimulationLog log)
{
    private readonly SortedDictionary<string, (byte[] Content, DateTimeOffset Modified)> _files = new(StringComparer.Ordinal);
    private readonly HashSet<SimulatedProcess> _cutOff = [];

    public StorageFaults Faults => faults;

    /// <summary>How many operations there have been.</summary>
    public long Operations { get; private set; }

    /// <summary>Called when an operation is where a process crashes; kills the process and whatever falls with it.</summary>
    public Action<SimulatedProcess> Crash { get; set; } = static process => process.Kill();

    /// <summary>Told of every file that is there under its name from now on.</summary>
    public Action<string>? Written { get; set; }

    /// <summary>Told of every file that a process has removed.</summary>
    public Action<string>? Removed { get; set; }

    /// <summary>The size of all files.</summary>
    public long Size => _files.Values.Sum(file => file.Content.LongLength);

    /// <summary>The names of all files, in order.</summary>
    public IReadOnlyList<string> Names => [.. _files.Keys];

    /// <summary>The storage as a start of a job sees it.</summary>
    public SimulatedStorage ConnectFrom(SimulatedProcess owner) => new(this, owner);

    /// <summary>What is there, past all faults and for reading only.</summary>
    public CheckpointStorage Inspect() => new SimulatedDiskView(this);

    /// <summary>Has a process not reach the storage any more.</summary>
    public void CutOff(SimulatedProcess process) => _cutOff.Add(process);

    /// <summary>Has a process reach the storage again.</summary>
    public void Reconnect(SimulatedProcess process) => _cutOff.Remove(process);

    /// <summary>Changes a byte of one of the files, as a bad disk does.</summary>
    /// <param name="random">Decides where.</param>
    /// <param name="candidate">Which files may be meant.</param>
    /// <returns>The file; <see langword="null"/> where there is none with a byte in it.</returns>
    public string? CorruptOne(Random random, Func<string, bool> candidate)
    {
        string[] names = [.. _files.Where(file => file.Value.Content.Length > 0 && candidate(file.Key)).Select(file => file.Key)];
        if (names.Length == 0)
        {
            return null;
        }

        string name = names[random.Next(names.Length)];
        byte[] content = [.. _files[name].Content];
        int place = random.Next(content.Length);
        content[place] ^= (byte)random.Next(1, 256);
        _files[name] = (content, _files[name].Modified);
        log.Write("disk", $"byte {place} of {content.Length} of {name} goes bad");
        return name;
    }

    /// <summary>Does an operation of a process, or what the faults make of it.</summary>
    /// <param name="owner">Who asks, where it is nobody's turn.</param>
    /// <param name="description">The operation, for the log.</param>
    /// <param name="effect">What it does.</param>
    /// <param name="crash">What it leaves behind where the process crashes before it is done.</param>
    internal T Do<T>(SimulatedProcess owner, string description, Func<T> effect, Action? crash = null)
    {
        var process = world.Current ?? owner;
        Operations++;
        if (!process.IsAlive)
        {
            // A dead process does nothing any more, whatever its code goes on to do.
            throw new SimulatedCrashException(process.Name);
        }

        if (_cutOff.Contains(process))
        {
            log.Write(process.Name, $"{description}: the storage cannot be reached");
            throw new IOException($"{description}: the simulated storage cannot be reached from {process.Name}.");
        }

        switch (faults.Next())
        {
            case StorageFault.FailBefore:
                log.Write(process.Name, $"{description}: fails");
                throw new IOException($"{description}: the simulated storage failed.");
            case StorageFault.FailAfter:
                effect();
                log.Write(process.Name, $"{description}: is done, and fails");
                throw new IOException($"{description}: the simulated storage did not answer.");
            case StorageFault.CrashBefore:
                crash?.Invoke();
                Die(process, description, "before it is done");
                break;
            case StorageFault.CrashAfter:
                effect();
                Die(process, description, "when it is done");
                break;
        }

        var result = effect();
        if (log.IsEnabled)
        {
            log.Write(process.Name, description);
        }

        return result;
    }

    internal bool Exists(string name) => _files.ContainsKey(name);

    internal void Put(string name, byte[] content)
    {
        if (faults.Quota is { } quota && Size + content.Length > quota)
        {
            throw new IOException($"{name}: the simulated storage is full; it has room for {quota} bytes.");
        }

        _files[name] = (content, world.Time.GetUtcNow());
        Written?.Invoke(name);
    }

    /// <summary>Leaves the part of a file that was written when its process crashed, where the storage is of that kind.</summary>
    internal void Tear(string name, ReadOnlySpan<byte> content)
    {
        if (!faults.IsAtomic && content.Length > 0)
        {
            byte[] part = content[..faults.Next(content.Length)].ToArray();
            _files[name] = (part, world.Time.GetUtcNow());
            log.Write("disk", $"{name} is torn: {part.Length} of {content.Length} bytes");
        }
    }

    internal void CheckRoom(long more)
    {
        if (faults.Quota is { } quota && Size + more > quota)
        {
            throw new IOException($"The simulated storage is full; it has room for {quota} bytes.");
        }
    }

    internal byte[] Get(string name) =>
        _files.TryGetValue(name, out var file) ? file.Content : throw new FileNotFoundException($"The simulated storage has no file {name}.", name);

    internal IReadOnlyList<StoredFile> List(string folder)
    {
        string prefix = folder.Length == 0 ? "" : folder + "/";
        return [.. _files.Where(file => file.Key.StartsWith(prefix, StringComparison.Ordinal))
            .Select(file => new StoredFile(file.Key, file.Value.Content.Length, file.Value.Modified))];
    }

    internal void Remove(string name)
    {
        if (_files.Remove(name))
        {
            Removed?.Invoke(name);
        }
    }

    [DoesNotReturn]
    private void Die(SimulatedProcess process, string description, string when)
    {
        log.Write(process.Name, $"{description}: crashes {when}");
        Crash(process);
        throw new SimulatedCrashException(process.Name);
    }
}
