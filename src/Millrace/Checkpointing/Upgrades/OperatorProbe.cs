using Millrace.Runtime.Exchange;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.State.Heap;
using Millrace.Runtime.State.Operator;
using Millrace.Runtime.Tasks;
using Millrace.State;

namespace Millrace.Checkpointing.Upgrades;

/// <summary>
/// Finds out which state the operators of a task ask for: makes those of the first subtask as a start would, opens them with a state that is empty and goes nowhere, and closes them. Sources and sinks are made and not
/// opened. No element ever comes to them, and they are connected with nobody.
/// </summary>
/// <param name="job">The job.</param>
/// <param name="environment">Where functions take services and the clock from.</param>
/// <param name="opensFunctions">Whether functions are opened, and not only what the engine keeps for its own operators is asked for.</param>
internal sealed class OperatorProbe(JobGraph job, StreamExecutionEnvironment environment, bool opensFunctions)
{
    private readonly SerializerProvider _serializers = new(environment.Serializers);

    /// <summary>Looks at the operators of a task.</summary>
    /// <param name="vertex">The task.</param>
    /// <param name="isFinished">Whether it had come to its end: nothing of it is opened then but what still commits.</param>
    /// <param name="cancellationToken">Cancels what functions do in <c>Open</c> as far as they look at their token.</param>
    public async Task<IReadOnlyDictionary<StreamNode, ProbedOperator>> LookAtAsync(JobVertex vertex, bool isFinished, CancellationToken cancellationToken)
    {
        var services = new SubtaskServices(environment.Services);
        var found = new Dictionary<StreamNode, ProbedOperator>();
        var opened = new List<StreamOperator>();
        try
        {
            // From the end on, as in a start.
            foreach (var node in vertex.Nodes.Reverse())
            {
                cancellationToken.ThrowIfCancellationRequested();
                found[node] = LookAt(vertex, node, isFinished, services, opened, cancellationToken);
            }
        }
        finally
        {
            await CloseAsync(opened, services).ConfigureAwait(false);
        }

        return found;
    }

    private ProbedOperator LookAt(JobVertex vertex, StreamNode node, bool isFinished, SubtaskServices services, List<StreamOperator> opened, CancellationToken cancellationToken)
    {
        var recorder = new RecordingStateBackend((job.Options.StateBackend ?? HeapStateBackend.Instance).Name);
        var lists = new OperatorStateBackend(_serializers, 0);
        StreamOperator? op = null;
        string? unasked = null;
        string? failure = null;
        try
        {
            op = services.Making(() => node.CreateFor(job.Options));
            opened.Add(op);
            op.Setup(CreateContext(vertex, node, services, recorder, lists, cancellationToken));
            if (!isFinished || op is ICommittingOperator)
            {
                op.OpenState();
                unasked = op is ISinkOperator ? "A sink's writer asks for its state when it is made, and a check makes none: it would connect to where the sink writes."
                    : !opensFunctions ? "Functions were not opened (UpgradeCheckOptions.OpenFunctions)."
                    : null;
            }
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            unasked = "The operator could not be opened to the end.";
            failure = $"It could not be opened: {(error is MillraceException or OperatorException ? "" : $"{error.GetType().Name}: ")}{error.Message}";
        }

        var keyed = op as IKeyedOperator;
        return new ProbedOperator(op is null || keyed is not null, recorder.Asked, keyed?.AskedGroupValues ?? ProbedOperator.NoGroupValues, lists.Lists, unasked, failure);
    }

    private static async Task CloseAsync(List<StreamOperator> opened, SubtaskServices services)
    {
        var closing = new List<Task>();
        foreach (var op in opened)
        {
            // What closing throws is no news of the state; the next start would close nothing before it runs.
            try
            {
                op.Close();
                closing.Add(op.CloseAsync().AsTask());
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                closing.Add(Task.CompletedTask);
            }
        }

        await services.DisposeAfterAsync(Task.WhenAll(closing).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default)).ConfigureAwait(false);
    }

    private OperatorContext CreateContext(
        JobVertex vertex, StreamNode node, SubtaskServices services, RecordingStateBackend recorder, OperatorStateStore lists, CancellationToken cancellationToken)
    {
        var options = job.Options.Clone();
        options.StateBackend = recorder;
        return new OperatorContext
        {
            JobName = job.Stream.JobName,
            TaskName = vertex.Name,
            OperatorName = node.Name,
            OperatorUid = job.Uids[node],
            NodeId = node.Id,
            SubtaskIndex = 0,
            Parallelism = vertex.Parallelism,
            MaxParallelism = job.Stream.MaxParallelismOf(node),
            Options = options,
            TimeProvider = environment.TimeProvider,
            Logger = environment.LoggerFactory.CreateLogger($"Millrace.Job.{job.Stream.JobName}.{node.Name}"),
            CancellationToken = cancellationToken,
            Serializers = _serializers,
            Pressure = new TaskPressure(),
            Metrics = new OperatorMetrics(),
            Mailbox = new IdleActor("upgrade check", environment.TimeProvider).Mailbox,
            Services = services,
            TakesCheckpoints = true,
            OperatorState = lists,
            Latency = new LatencyStatistics(),
            ErrorPolicy = node.ErrorPolicy,
            OpensFunctions = opensFunctions,
        };
    }
}
