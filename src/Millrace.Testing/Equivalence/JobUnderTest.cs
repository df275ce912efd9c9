using System.Globalization;

namespace Millrace.Testing;

/// <summary>A job that is being declared, once for every start of it. Everything that a start declares must be the same but for the parallelism.</summary>
public sealed class JobUnderTest
{
    private readonly ResultStore _store;
    private readonly Random? _random;

    internal JobUnderTest(StreamExecutionEnvironment env, ResultStore store, string folder, int start, Random? random)
    {
        Start = start;
        Env = env;
        _store = store;
        _random = random;
        Folder = folder;
    }

    /// <summary>What the job is declared in. Its options are decided: how many subtasks, when checkpoints are taken.</summary>
    public StreamExecutionEnvironment Env { get; }

    /// <summary>A folder of this run alone, the same in all of its starts, for sinks that write files. It is removed afterwards.</summary>
    public string Folder { get; }

    /// <summary>The number of this start; 1 for the first.</summary>
    public int Start { get; }

    /// <summary>An object that all starts of this run share, for functions that tell a test something. Subtasks may use it on several threads.</summary>
    /// <typeparam name="T">The type of the object; there is one of each.</typeparam>
    /// <returns>The object.</returns>
    public T Shared<T>()
        where T : class, new() => _store.Shared<T>();

    /// <summary>Captures a stream in a sink that commits with checkpoints: exactly once.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="stream">The stream.</param>
    /// <param name="name">Names the results, and the sink.</param>
    /// <param name="format">Writes a record so that equal ones are equal text. Default: <see cref="object.ToString"/>, with the invariant culture where the type takes one.</param>
    /// <returns>The sink.</returns>
    public StreamSink Capture<T>(DataStream<T> stream, string name, Func<T, string>? format = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        _store.Sinks.Add(name);
        format ??= static value => string.Create(CultureInfo.InvariantCulture, $"{value}");
        return stream.SinkTo(new ResultSink<T>(_store, name, format, _random)).Name(name).Uid($"capture {name}");
    }

    /// <summary>Captures what a sink of the job's own has left outside when the job has finished.</summary>
    /// <param name="name">Names the results.</param>
    /// <param name="read">Reads them.</param>
    public void CaptureAtEnd(string name, Func<IEnumerable<string>> read)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(read);
        _store.AtEnd[name] = read;
    }

    /// <summary>Captures the lines of all files that are visible in a folder when the job has finished; those whose name begins with '.' or '_' are not.</summary>
    /// <param name="folder">The folder, within <see cref="Folder"/>.</param>
    public void CaptureFiles(string folder)
    {
        string path = Path.Combine(Folder, folder);
        CaptureAtEnd(folder, () => !Directory.Exists(path) ? [] : Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(path, file).Split(Path.DirectorySeparatorChar).Any(part => part[0] is '.' or '_'))
            .SelectMany(File.ReadLines));
    }
}
