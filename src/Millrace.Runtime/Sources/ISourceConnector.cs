using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Sources;

/// <summary>Connects the readers of a deployment with the enumerators of their sources, wherever these are. Called on the subtasks' turns.</summary>
internal interface ISourceConnector
{
    /// <summary>Makes reader and enumerator known to each other.</summary>
    /// <param name="node">The source.</param>
    /// <param name="op">Its operator in the subtask.</param>
    /// <param name="subtask">The subtask.</param>
    /// <returns>The subtask's input.</returns>
    TaskInput Connect(StreamNode node, StreamOperator op, int subtask);
}
