using System.Runtime.CompilerServices;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators.Running;

namespace Millrace;

/// <content>Late data.</content>
public partial class DataStream<T>
{
    /// <summary>
    /// Takes late records out of the stream, those at or before the watermark: what follows has none, in whichever branch. Without it each operator decides for itself what is late, and one that is
    /// further behind takes a record that another one drops. Needed before a stream is split whose branches are joined again with <see cref="ExecutionOptions.ConsistentOutput"/>.
    /// </summary>
    /// <param name="sideOutput">Takes late records; <see langword="null"/>, or a tag that nobody reads: they are dropped, and counted.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>
    /// The stream without late records; the side output through <see cref="SingleOutputStream{T}.GetSideOutput"/>. It is dealt out evenly, unless a partitioning goes before: <c>Hash</c> keeps the order of the records of a key.
    /// It is never idle: where all its sources are silent, event time stands still.
    /// </returns>
    /// <exception cref="InvalidOperationException">The stream is partitioned with <c>Forward</c> or <c>Rescale</c>: each subtask would see the watermarks of some sources only.</exception>
    /// <example><code>transfers.Hash(transfer =&gt; transfer.From).DropLateData(Late)</code></example>
    public SingleOutputStream<T> DropLateData(OutputTag<T>? sideOutput = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var origins = new List<Origin>();
        foreach (var origin in _origins)
        {
            var kind = origin.Partitioning.Kind;
            if (kind is PartitioningKind.Forward or PartitioningKind.Rescale)
            {
                throw new InvalidOperationException(
                    $"{nameof(DropLateData)} behind {kind}: each of its subtasks would see the watermarks of some sources only. Leave {kind} out, or use {nameof(Rebalance)} or {nameof(Hash)}.");
            }

            origins.Add(kind == PartitioningKind.Default ? origin with { Partitioning = new UnkeyedPartitioning<T>(PartitioningKind.Rebalance) } : origin);
        }

        return new DataStream<T>(Environment, origins).Transform<T>("DropLateData", () => new LateDataOperator<T>(sideOutput), file, line);
    }
}
