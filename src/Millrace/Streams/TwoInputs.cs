using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators;

namespace Millrace;

/// <summary>Declares operators with two inputs.</summary>
internal static class TwoInputs
{
    /// <param name="first">The first input.</param>
    /// <param name="firstPartitioning">How its records are dealt out; <see langword="null"/> as the stream says.</param>
    /// <param name="second">The second input.</param>
    /// <param name="secondPartitioning">How its records are dealt out; <see langword="null"/> as the stream says.</param>
    /// <param name="kind">The kind of operator.</param>
    /// <param name="create">Makes the operator of one subtask.</param>
    /// <param name="callSite">Where in the program.</param>
    /// <param name="check">What is wrong with its types.</param>
    public static SingleOutputStream<TOut> Declare<TFirst, TSecond, TOut>(
        DataStream<TFirst> first,
        Partitioning<TFirst>? firstPartitioning,
        DataStream<TSecond> second,
        Partitioning<TSecond>? secondPartitioning,
        string kind,
        Func<StreamOperator<TOut>> create,
        SourceLine callSite,
        Func<ISerializerCheck, IEnumerable<string>>? check = null)
    {
        var environment = first.Environment;
        var node = new StreamNode
        {
            Id = environment.NextId(),
            Kind = kind,
            CallSite = callSite,
            OutputType = typeof(TOut),
            CreateOperator = create,
            Check = check,
            Chaining = ChainingStrategy.Head,
        };
        first.ConnectTo(node, 0, firstPartitioning);
        second.ConnectTo(node, 1, secondPartitioning);
        environment.Add(node);
        return new SingleOutputStream<TOut>(environment, node);
    }
}
