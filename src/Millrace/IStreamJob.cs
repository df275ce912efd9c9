namespace Millrace;

/// <summary>
/// A job as a class. Every worker calls <see cref="Build"/> and takes its own part of the graph, so nothing of it is serialized; it must build the
/// same graph each time.
/// </summary>
/// <example>
/// <code>
/// public sealed class Alerts : IStreamJob
/// {
///     public void Build(StreamExecutionEnvironment env) =&gt;
///         env.FromSequence(1, 1_000).Filter(n =&gt; n % 7 == 0).Print();
/// }
/// var result = await StreamExecutionEnvironment.RunAsync&lt;Alerts&gt;();
/// </code>
/// </example>
public interface IStreamJob
{
    /// <summary>Declares the job's sources, transformations and sinks.</summary>
    /// <param name="env">The environment to declare them in.</param>
    void Build(StreamExecutionEnvironment env);
}
