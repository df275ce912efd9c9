using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.State;

namespace Millrace.Runtime.Coordination;

/// <summary>Which errors a restart cannot mend.</summary>
internal static class Recoverability
{
    /// <summary>The first error in a chain of causes that would come again after every restart; <see langword="null"/> if there is none.</summary>
    public static Exception? FindNonRecoverable(Exception? error) => error switch
    {
        null => null,
        NonRecoverableException or StateIncompatibleException or GraphException or CheckpointFencedException => error,

        // What is damaged by its checksums has another code, and an older checkpoint in its place; this is bytes that are what was written and cannot be read.
        MillraceException { Code: CheckpointErrors.DamagedLog or CheckpointErrors.NoneUsable or StateErrors.Corruption } => error,
        AggregateException all => all.InnerExceptions.Select(FindNonRecoverable).FirstOrDefault(found => found is not null),
        _ => FindNonRecoverable(error.InnerException),
    };
}
