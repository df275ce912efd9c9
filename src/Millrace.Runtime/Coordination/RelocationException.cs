namespace Millrace.Runtime.Coordination;

/// <summary>Why subtasks end that are to go on elsewhere, because somebody wants that. Nothing has failed: they start again at once, and no restart strategy counts it.</summary>
/// <param name="message">Why.</param>
internal sealed class RelocationException(string message) : Exception(message);
