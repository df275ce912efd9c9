using System.Text.Json;
using System.Text.Json.Serialization;
using Millrace.Connectors;
using Millrace.Nexmark.Model;

namespace Millrace.Nexmark.Generator;

/// <summary>Events in files instead of from the generator, so that another engine can be given the same.</summary>
internal static class EventFiles
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>The formats there are, by the extension of files.</summary>
    public static IReadOnlyList<string> Formats { get; } = ["jsonl", "parquet"];

    /// <summary>Declares a job that writes the events of a generator into a folder, in their order.</summary>
    /// <param name="env">Where the job is declared; its parallelism must be 1.</param>
    /// <param name="generator">Makes the events.</param>
    /// <param name="folder">The folder; what an earlier run has left there is replaced.</param>
    /// <param name="format">One of <see cref="Formats"/>.</param>
    public static void Write(StreamExecutionEnvironment env, NexmarkGenerator generator, string folder, string format) => env
        .FromSource(new NexmarkSource(generator), name: "events").Map(EventRow.From)
        .SinkTo(new FileSink<EventRow>(folder, Format(format), new FileSinkOptions { WhenFolderHasFiles = WhenFolderHasFiles.Overwrite, RolloverInterval = TimeSpan.FromDays(1) }));

    /// <summary>Reads events.</summary>
    /// <param name="env">Where the job is declared.</param>
    /// <param name="path">A file, or a folder with files.</param>
    /// <param name="watermarks">How event time goes; null where nobody asks for it.</param>
    /// <exception cref="ArgumentException">There are no files of events at the path.</exception>
    public static DataStream<NexmarkEvent> Read(StreamExecutionEnvironment env, string path, WatermarkStrategy<NexmarkEvent>? watermarks)
    {
        string format = FormatAt(path);
        var rows = Format(format).Select(static row => row.ToEvent());
        var source = new FileSource<NexmarkEvent>(Directory.Exists(path) ? Path.Combine(path, $"**/*.{format}") : path, rows);
        return env.FromSource(source, watermarks?.WithTimestampAssigner(static e => e.DateTime), "events");
    }

    /// <summary>The format of a file, or of those in a folder.</summary>
    /// <exception cref="ArgumentException">There are none.</exception>
    public static string FormatAt(string path)
    {
        var files = Directory.Exists(path) ? Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories) : File.Exists(path) ? [path] : [];
        return files.Select(file => Path.GetExtension(file).TrimStart('.')).FirstOrDefault(Formats.Contains)
            ?? throw new ArgumentException($"There are no events at '{Path.GetFullPath(path)}': a file, or a folder with files, that ends in {string.Join(" or ", Formats.Select(one => $".{one}"))} was expected.");
    }

    private static FileFormat<EventRow> Format(string format) => format == "parquet" ? ParquetFormat.Of<EventRow>() : JsonFormat.Lines<EventRow>(Json);
}
