using Microsoft.Extensions.Logging;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Diagnostics;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.State;
using Millrace.State;

namespace Millrace.Runtime.Tasks;

/// <summary>An operator's place in its subtask and in the job.</summary>
internal sealed class OperatorContext
{
    public required string JobName { get; init; }

    public required string OperatorName { get; init; }

    public required string OperatorUid { get; init; }

    /// <summary>The node in the stream graph, to identify latency markers.</summary>
    public required int NodeId { get; init; }

    public required int SubtaskIndex { get; init; }

    public required int Parallelism { get; init; }

    public required int MaxParallelism { get; init; }

    public required ExecutionOptions Options { get; init; }

    public required TimeProvider TimeProvider { get; init; }

    public required ILogger Logger { get; init; }

    public required CancellationToken CancellationToken { get; init; }

    public required ISerializerProvider Serializers { get; init; }

    public required TaskPressure Pressure { get; init; }

    public required OperatorMetrics Metrics { get; init; }

    /// <summary>The metrics of the operator's functions.</summary>
    public UserMetrics UserMetrics { get; } = new();

    /// <summary>The names of the operators that run in the subtask.</summary>
    public string TaskName { get; init; } = "";

    /// <summary>Actions to do on the subtask's own turn.</summary>
    public required Mailbox Mailbox { get; init; }

    /// <summary>Latency from the sources to this operator, where it is a sink.</summary>
    public required LatencyStatistics Latency { get; init; }

    /// <summary>The name under which the job's checkpoints are kept.</summary>
    public string JobId { get; init; } = "";

    /// <summary>The attempt.</summary>
    public long Epoch { get; init; } = 1;

    /// <summary>The checkpoint that the job was restored from.</summary>
    public long? RestoredCheckpointId { get; init; }

    /// <summary>Whether the job takes checkpoints.</summary>
    public bool TakesCheckpoints { get; init; }

    /// <summary>Begins a checkpoint at the operator's subtask, on its turn; says whether the subtask takes part in it.</summary>
    public Func<CheckpointBarrier, bool> Trigger { get; init; } = static _ => true;

    /// <summary>What happens to records that user code throws on.</summary>
    public ErrorPolicy ErrorPolicy { get; init; } = ErrorPolicy.Fail;

    /// <summary>The application's services, scoped to the subtask.</summary>
    public SubtaskServices Services { get; init; } = new(null);

    /// <summary>Whether the operator opens its functions; not where only the engine's own states are looked at.</summary>
    public bool OpensFunctions { get; init; } = true;

    /// <summary>State that belongs to no key.</summary>
    public OperatorStateStore OperatorState { get; init; } = OperatorStateStore.Transient();

    public long ProcessingTime => TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>The time by <see cref="MonotonicClock"/>.</summary>
    public long MonotonicTime => TimeProvider.GetMilliseconds();

    public string SubtaskName => $"{OperatorName} ({SubtaskIndex + 1}/{Parallelism})";

    /// <summary>Names the operator in an error of a user's function.</summary>
    public OperatorException Failure(Exception cause, string during) =>
        new($"{SubtaskName} failed {during}: {cause.GetType().Name}: {cause.Message}", cause);
}

/// <summary>A user's function threw; the message names the operator.</summary>
internal sealed class OperatorException(string message, Exception cause) : Exception(message, cause);
