using Millrace.Serialization;
using Millrace.StateProcessing;

namespace Millrace.Checkpointing;

/// <summary>What becomes of a state.</summary>
/// <param name="Name">Its name. Those of the engine's own are listed in the guide to savepoints.</param>
/// <param name="Kind">What it is; what it was, where it is not asked for any more.</param>
/// <param name="Status">What becomes of it.</param>
/// <param name="Then">How its values were written; <see langword="null"/> where it is new.</param>
/// <param name="Now">How they are written now; <see langword="null"/> where it is not asked for.</param>
/// <param name="Reason">Why, in a sentence or two; empty where there is nothing to say.</param>
/// <param name="Code">The code of the error that the start would fail with, where it would.</param>
public sealed record StateUpgrade(string Name, SavepointStateKind Kind, UpgradeStatus Status, TypeSchema? Then, TypeSchema? Now, string Reason, string? Code = null);
