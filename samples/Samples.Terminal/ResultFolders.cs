using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Millrace;
using Millrace.Connectors;
using Spectre.Console;

namespace Samples.Terminal;

/// <summary>The output of a job: a folder of JSON-lines files for each result. A run overwrites what an earlier one has written there.</summary>
/// <param name="folder">The folder that has them all.</param>
public sealed class ResultFolders(string folder)
{
    // Names in camel case; an apostrophe stays one, as these files are not for HTML.
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter() },
    };

    private static readonly FileSinkOptions Files = new() { WhenFolderHasFiles = WhenFolderHasFiles.Overwrite };
    private readonly List<string> _names = [];

    /// <summary>Writes a stream into a folder.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="stream">The stream.</param>
    /// <param name="name">The folder's name, which also names the sink.</param>
    public void Write<T>(DataStream<T> stream, string name)
    {
        _names.Add(name);
        stream.SinkTo(new FileSink<T>(Path.Combine(folder, name), JsonFormat.Lines<T>(Json), Files)).Name(name);
    }

    /// <summary>Reads what a finished job has written into a folder.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="name">The folder's name.</param>
    /// <returns>The records, in no particular order.</returns>
    public IEnumerable<T> Read<T>(string name) => FilesOf(name).SelectMany(JsonFormat.Lines<T>(Json).ReadFile);

    /// <summary>Counts what has been written into a folder.</summary>
    /// <param name="name">The folder's name.</param>
    /// <returns>How many records.</returns>
    public long Count(string name) => FilesOf(name).Sum(file => File.ReadLines(file).LongCount());

    /// <summary>The folders that were written, with the number of records of each, for people.</summary>
    /// <returns>The table.</returns>
    public Table Describe()
    {
        var table = new Table().RoundedBorder().Title("Results").AddColumns("Rows", "Folder");
        foreach (string name in _names)
        {
            table.AddRow(Count(name).ToString("N0", CultureInfo.InvariantCulture), Markup.Escape(Path.Combine(folder, name)));
        }

        return table;
    }

    // Files that are not complete have names that begin with a dot, which the pattern does not match.
    private IEnumerable<string> FilesOf(string name) => Directory.EnumerateFiles(Path.Combine(folder, name), "part-*.jsonl");
}
