using Millrace.Runtime.State.Operator;
using Millrace.Serialization;

namespace Millrace.Checkpointing.Upgrades;

/// <summary>The state that an operator of the job has asked for.</summary>
/// <param name="IsKeyed">Whether it has keyed state at all.</param>
/// <param name="Keyed">Its keyed states and timers.</param>
/// <param name="GroupValues">Its values by key group.</param>
/// <param name="Lists">Its operator lists and broadcast states. They are empty, and what was saved may be read into them.</param>
/// <param name="Unasked">Why there may be more that it asks for; null where it has asked for all that it asks for when it is opened.</param>
/// <param name="Failure">What went wrong where it was being opened; null where nothing did.</param>
internal sealed record ProbedOperator(
    bool IsKeyed, IReadOnlyList<AskedState> Keyed, IReadOnlyDictionary<string, TypeSchema> GroupValues, IReadOnlyList<IOperatorList> Lists, string? Unasked, string? Failure)
{
    public static IReadOnlyDictionary<string, TypeSchema> NoGroupValues { get; } = new Dictionary<string, TypeSchema>();
}
