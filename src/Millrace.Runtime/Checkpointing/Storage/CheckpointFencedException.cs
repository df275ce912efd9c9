namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>Another run of the job has begun since: this one must not complete anything any more, nor cause a commit.</summary>
internal sealed class CheckpointFencedException(string message) : MillraceException(CheckpointErrors.Fenced, message);
