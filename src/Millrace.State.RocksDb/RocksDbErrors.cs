using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.State.RocksDb;

/// <summary>The errors of the backend, with the codes that all backends use.</summary>
internal static class RocksDbErrors
{
    private const string Incompatibility = "MR4102";
    private const string MaxParallelismChange = "MR4103";
    private const string Corruption = "MR4104";

    public static StateIncompatibleException KindChanged(string name, KeyedStateKind kind, KeyedStateKind written) =>
        new(Incompatibility, $"State '{name}' is of kind {kind}, but the snapshot has a state of kind {written} under this name. Give the new state another name.");

    public static StateIncompatibleException KeyChanged(string name, TypeSchema written, TypeSchema now) =>
        new(Incompatibility, $"State '{name}' was written with keys of shape {written}, but the keys are {now} now. Keys cannot change their shape: keep the old key type, or start without this state.");

    public static StateIncompatibleException Incompatible(string name, StateIncompatibleException cause) =>
        new(cause.Code, $"State '{name}' cannot be restored: {cause.Message}", cause);

    public static StateIncompatibleException MaxParallelismChanged(int written, int now) =>
        new(MaxParallelismChange, $"The snapshot has {written} key groups, but max parallelism is {now} now. Set max parallelism to {written}: it cannot change once there is state.");

    public static MillraceException Unreadable(string name, int group, Exception cause) =>
        new(Corruption, $"State '{name}', key group {group}, cannot be read: {cause.Message}.", cause);

    public static MillraceException Corrupt(string source, string what, Exception? cause = null) =>
        new(Corruption, $"{source} is corrupt: {what}. Restore from another checkpoint.", cause);
}
