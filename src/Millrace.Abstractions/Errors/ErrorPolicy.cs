namespace Millrace;

/// <summary>What an operator does when user code throws on a record: fail, leave the record out, or put it into a side output. Given by <c>OnError</c>. Immutable.</summary>
/// <remarks>
/// Errors of the engine always fail the job, whatever the policy: a state backend or a storage that does not work, an error of another operator, a cancellation, memory that is used up,
/// and every <see cref="MillraceException"/>.
/// </remarks>
/// <example>
/// <code>
/// static readonly OutputTag&lt;DeadLetter&lt;string&gt;&gt; Broken = new("broken");
/// var readings = lines.Map(Reading.Parse).OnError(ErrorPolicy.ToSideOutput(Broken));
/// readings.GetSideOutput(Broken).Print("broken");
/// </code>
/// </example>
public sealed class ErrorPolicy
{
    private ErrorPolicy(bool fails, params DeadLetterRoute[] routes)
    {
        Fails = fails;
        Routes = routes;
    }

    /// <summary>The job fails, and restarts as its restart strategy says. The message names operator, record and cause. The default.</summary>
    public static ErrorPolicy Fail { get; } = new(true);

    /// <summary>The record is left out, counted in the metric <c>numRecordsInErrors</c>, and logged, at most once in ten seconds for each subtask.</summary>
    public static ErrorPolicy Skip { get; } = new(false);

    internal bool Fails { get; }

    internal IReadOnlyList<DeadLetterRoute> Routes { get; }

    /// <summary>The record goes into a side output of the operator as a <see cref="DeadLetter{T}"/>; counted and logged as with <see cref="Skip"/>.</summary>
    /// <typeparam name="T">The type of the operator's input, or <see cref="string"/> for the record as text.</typeparam>
    /// <param name="tag">The side output. Somebody must read it: a job in which nobody does is refused.</param>
    /// <returns>The policy.</returns>
    public static ErrorPolicy ToSideOutput<T>(OutputTag<DeadLetter<T>> tag)
    {
        ArgumentNullException.ThrowIfNull(tag);
        return new ErrorPolicy(false, new DeadLetterRoute<T>(tag));
    }

    /// <summary>The same for an operator with two inputs of different types.</summary>
    /// <typeparam name="TFirst">The type of the first input.</typeparam>
    /// <typeparam name="TSecond">The type of the second input.</typeparam>
    /// <param name="first">Takes records of the first input, and what has no record: timers.</param>
    /// <param name="second">Takes records of the second input.</param>
    /// <returns>The policy.</returns>
    public static ErrorPolicy ToSideOutput<TFirst, TSecond>(OutputTag<DeadLetter<TFirst>> first, OutputTag<DeadLetter<TSecond>> second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return new ErrorPolicy(false, new DeadLetterRoute<TFirst>(first), new DeadLetterRoute<TSecond>(second));
    }

    /// <summary>The side output for records of a type; <see langword="null"/> where there is none.</summary>
    internal OutputTag<DeadLetter<T>>? TagFor<T>()
    {
        foreach (var route in Routes)
        {
            if (route is DeadLetterRoute<T> typed)
            {
                return typed.Tag;
            }
        }

        return null;
    }
}
