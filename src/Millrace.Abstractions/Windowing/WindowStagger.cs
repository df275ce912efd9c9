namespace Millrace.Windowing;

/// <summary>
/// How windows by the clock are shifted against each other, so that not all keys fire at once. The shift belongs to a key group: a key's windows stay where they are over a restore, at any parallelism.
/// (In Apache Flink it belongs to the subtask and is in no checkpoint: after a restore windows have other bounds.)
/// </summary>
public enum WindowStagger
{
    /// <summary>Not at all: all windows begin and end at the same time.</summary>
    Aligned,

    /// <summary>By chance, the same chance in every run of an operator with the same uid: firings are spread evenly over time.</summary>
    Random,

    /// <summary>By when the first record of the key group arrived: its first window begins then, where there is no offset.</summary>
    Natural,
}
