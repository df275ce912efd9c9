using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Sources;

/// <summary>The enumerators are in this process.</summary>
/// <param name="enumerators">The enumerators, by node.</param>
internal sealed class LocalSourceConnector(IReadOnlyDictionary<int, SplitCoordinator> enumerators) : ISourceConnector
{
    public IReadOnlyDictionary<int, SplitCoordinator> Enumerators => enumerators;

    public TaskInput Connect(StreamNode node, StreamOperator op, int subtask) => node.Source!.Connect(op, enumerators[node.Id], subtask);
}
