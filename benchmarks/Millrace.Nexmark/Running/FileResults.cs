using Millrace.Connectors;
using Millrace.Nexmark.Queries;

namespace Millrace.Nexmark.Running;

/// <summary>Writes results into a folder, so that they can be compared with those of another engine.</summary>
/// <param name="folder">The folder. Results that an earlier run has left are replaced.</param>
internal sealed class FileResults(string folder) : IResultSink
{
    public void Take<TResult>(DataStream<TResult> results, ResultFiles<TResult> files)
        where TResult : IResult => results
            .SinkTo(new FileSink<TResult>(folder, files.Format, new FileSinkOptions { WhenFolderHasFiles = WhenFolderHasFiles.Overwrite }) { Buckets = files.Folders })
            .Name(QueryRun.SinkName).Uid(QueryRun.SinkName);
}
