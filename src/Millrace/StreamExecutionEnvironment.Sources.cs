using System.Runtime.CompilerServices;
using Millrace.Connectors;

namespace Millrace;

public sealed partial class StreamExecutionEnvironment
{
    /// <summary>A stream of the records of an asynchronous sequence, in order.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="create">Begins the sequence; called at every start of the job, also after a failure. The token is cancelled when the job ends or is restarted.</param>
    /// <param name="isRepeatable">Whether each call gives the same records in the same order: a restored job then passes over those that it has read, and the source is exactly once.</param>
    /// <param name="watermarks">Where event time comes from, if it matters.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream; its source has one subtask. For a sequence without an end take an <see cref="AsyncEnumerableSource{T}"/>.</returns>
    public SingleOutputStream<T> FromAsyncEnumerable<T>(
        Func<CancellationToken, IAsyncEnumerable<T>> create,
        bool isRepeatable = false,
        WatermarkStrategy<T>? watermarks = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        FromSource(new AsyncEnumerableSource<T>(create, isRepeatable), watermarks, "Sequence", file, line);
}
