using System.Text.Encodings.Web;
using System.Text.Json;
using Millrace;
using Millrace.Connectors;

namespace FlightDelays;

/// <summary>The output of the job: a folder of JSON-lines files for each result.</summary>
/// <param name="folder">The folder that has them all.</param>
public sealed class ResultFolders(string folder)
{
    /// <summary>The names of the folders, in the order in which a reader may want to look at them.</summary>
    public static readonly IReadOnlyList<string> Names = ["hourly", "daily", "worst", "enriched", "unknown-airport", "alerts", "late"];

    // Names in camel case; an apostrophe stays one, as these files are not for HTML.
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // What an earlier run has written goes when a run begins anew, and stays when it goes on from a checkpoint.
    private static readonly FileSinkOptions Files = new() { WhenFolderHasFiles = WhenFolderHasFiles.Overwrite };

    /// <summary>Writes a stream into a folder.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="stream">The stream.</param>
    /// <param name="name">The folder's name, which also names the sink.</param>
    public void Write<T>(DataStream<T> stream, string name) =>
        stream.SinkTo(new FileSink<T>(Path.Combine(folder, name), JsonFormat.Lines<T>(Json), Files)).Name(name);

    /// <summary>Reads what a finished job has written into a folder.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="name">The folder's name.</param>
    /// <returns>The records, in no particular order.</returns>
    public IEnumerable<T> Read<T>(string name) => FilesOf(name).SelectMany(JsonFormat.Lines<T>(Json).ReadFile);

    /// <summary>Counts what has been written into a folder, by this run and those that it went on from.</summary>
    /// <param name="name">The folder's name.</param>
    /// <returns>How many records.</returns>
    public long Count(string name) => FilesOf(name).Sum(file => File.ReadLines(file).LongCount());

    // Files that are not complete have names that begin with a dot, which the pattern does not match.
    private IEnumerable<string> FilesOf(string name) => Directory.EnumerateFiles(Path.Combine(folder, name), "part-*.jsonl");
}
