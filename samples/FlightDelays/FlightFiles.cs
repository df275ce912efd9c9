using FlightDelays.Records;
using Millrace;
using Millrace.Connectors;

namespace FlightDelays;

/// <summary>The input of the job.</summary>
public static class FlightFiles
{
    /// <summary>Reads a file, or all files of a folder side by side.</summary>
    /// <remarks>
    /// Each file is a source of its own with one subtask, which keeps the order of its rows. The job's watermark is the least of all files, so the
    /// allowed disorder holds within each file, and it does not matter how flights are divided over files or which file is read faster.
    /// </remarks>
    /// <param name="env">The environment.</param>
    /// <param name="input">A file or a folder.</param>
    /// <param name="watermarks">The watermarks of a file.</param>
    /// <param name="rate">How many flights a second are read from each file; <see langword="null"/> for as fast as it goes.</param>
    /// <returns>The flights of all files.</returns>
    public static DataStream<Flight> Read(StreamExecutionEnvironment env, string input, WatermarkStrategy<Flight> watermarks, double? rate = null)
    {
        var pace = new FileSourceOptions { RecordsPerSecond = rate };
        var files = FilesOf(input)
            .Select(file => env.FromSource(Source(file, pace), watermarks, Path.GetFileName(file)).Parallelism(1))
            .ToArray();
        return files[0].Union(files[1..]);
    }

    // In Parquet the date is a timestamp and not a text, so its rows are of another type.
    private static FileSource<Flight> Source(string file, FileSourceOptions options) => Path.GetExtension(file) == ".parquet"
        ? new FileSource<Flight>(file, ParquetFormat.Of<ParquetFlight>().Select(row => row.ToFlight()), options)
        : FileSource.Auto<Flight>(file, options);

    private static string[] FilesOf(string input)
    {
        string[] files = Directory.Exists(input)
            ? [.. Directory.EnumerateFiles(input).Where(file => Path.GetFileName(file)[0] is not ('.' or '_')).Order(StringComparer.Ordinal)]
            : [];

        // What is no folder with files is left to the source, which says what is wrong with it.
        return files.Length > 0 ? files : [input];
    }
}
