using Millrace.Runtime.Clustering;
using Millrace.Runtime.Exchange.Remote;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Tests.Clustering;

/// <summary>A worker that writes down what it is told, and reports what a test wants it to.</summary>
/// <param name="time">The clock.</param>
internal sealed class ScriptedWorker(TimeProvider time) : IControlAcceptor
{
    private ControlLink? _link;

    /// <summary>What it was to make, in order.</summary>
    public List<DeploymentPlan> Plans { get; } = [];

    /// <summary>All other orders, in order.</summary>
    public List<ControlMessage> Orders { get; } = [];

    public string? Accept(ControlConnectionKey key, WorkerInfo coordinator, IDataConnection connection)
    {
        _link = new ControlLink(connection, key.Term, time, Take, static _ => { });
        _link.Start();
        return null;
    }

    public void Send(ControlMessage message) => _link!.Send(message);

    /// <summary>Says that all subtasks of the latest attempt are in a state.</summary>
    public void ReportAll(SubtaskState state, Exception? error = null)
    {
        foreach (var (subtask, _) in Plans[^1].Placement)
        {
            Send(new ControlMessage.StateChanged(subtask, Plans[^1].Attempt, state, error));
        }
    }

    /// <summary>Says that the readers of all sources are there.</summary>
    public void ConnectReaders()
    {
        foreach (var (subtask, _) in Plans[^1].Placement)
        {
            Send(new ControlMessage.ReaderConnected(subtask, Plans[^1].Attempt));
        }
    }

    private void Take(ControlMessage message)
    {
        if (message is ControlMessage.Deploy deploy)
        {
            Plans.Add(deploy.Plan);
        }
        else
        {
            Orders.Add(message);
        }
    }
}
