namespace Millrace;

/// <summary>Processes the pairs of an interval join.</summary>
/// <typeparam name="TLeft">The type of the left stream.</typeparam>
/// <typeparam name="TRight">The type of the right stream.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <example>
/// <code>
/// sealed class Answered : ProcessJoinFunction&lt;Question, Answer, string&gt;
/// {
///     public override void ProcessElement(Question question, Answer answer, JoinContext context, Collector&lt;string&gt; output) =&gt;
///         output.Collect($"{question.Id} after {context.RightTimestamp - context.LeftTimestamp} ms");
/// }
/// </code>
/// </example>
public abstract class ProcessJoinFunction<TLeft, TRight, TOut> : StreamFunction
{
    /// <summary>Processes one pair. Results get the greater of the two timestamps.</summary>
    /// <param name="left">The record of the left stream.</param>
    /// <param name="right">The record of the right stream.</param>
    /// <param name="context">The timestamps and the side outputs; valid only during the call.</param>
    /// <param name="output">Takes the results.</param>
    public abstract void ProcessElement(TLeft left, TRight right, JoinContext context, Collector<TOut> output);
}

/// <summary>What a <see cref="ProcessJoinFunction{TLeft, TRight, TOut}"/> sees besides the pair.</summary>
public abstract class JoinContext
{
    private protected JoinContext()
    {
    }

    /// <summary>The timestamp of the left record, in milliseconds since 1970-01-01 UTC.</summary>
    public abstract long LeftTimestamp { get; }

    /// <summary>The timestamp of the right record, in milliseconds since 1970-01-01 UTC.</summary>
    public abstract long RightTimestamp { get; }

    /// <summary>The timestamp of the pair and of its results: the greater of the two.</summary>
    public abstract long Timestamp { get; }

    /// <summary>Emits a record into a side output, with the timestamp of the pair.</summary>
    /// <typeparam name="T">The type of the side output.</typeparam>
    /// <param name="tag">The side output. If nobody reads it, the record is dropped.</param>
    /// <param name="value">The record.</param>
    public abstract void Output<T>(OutputTag<T> tag, T value);
}
