using Millrace.Runtime.Checkpointing.Storage;

namespace Millrace.Runtime.Coordination;

/// <summary>Which errors a restart cannot mend.</summary>
internal static class Recoverability
{
    /// <summary>The first error in a chain of causes that would come again after every restart; <see langword="null"/> if there is none.</summary>
    public static Exception? FindNonRecoverable(Exception? error) => error switch
    {
        null => null,
        NonRecoverableException or StateIncompatibleException or GraphException or CheckpointFencedException => error,
        MillraceException { Code: CheckpointErrors.DamagedLog or CheckpointErrors.NoneUsable } => error,
        AggregateException all => all.InnerExceptions.Select(FindNonRecoverable).FirstOrDefault(found => found is not null),
        _ => FindNonRecoverable(error.InnerException),
    };
}
