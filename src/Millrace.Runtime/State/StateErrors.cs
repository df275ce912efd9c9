using Millrace.Runtime.State.Operator;
using Millrace.Serialization;
using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Runtime.State;

/// <summary>The errors of keyed state, in one place, so that their codes and words stay of a piece.</summary>
internal static class StateErrors
{
    public const string Incompatibility = "MR4102";
    public const string MaxParallelismChange = "MR4103";
    public const string Corruption = "MR4104";
    public const string BackendChange = "MR4108";

    public static InvalidOperationException NameTaken(StateIdentity existing, StateIdentity asked) =>
        new($"State '{existing.Name}' is a {existing}, but a {asked} is asked for under the same name. Give one of the two another name.");

    public static InvalidOperationException NameTaken(OperatorStateIdentity existing, OperatorStateIdentity asked) =>
        new($"Operator state '{existing.Name}' is a {existing}, but a {asked} is asked for under the same name. Give one of the two another name.");

    public static InvalidOperationException OtherTtl(StateIdentity identity, StateTtl existing, StateTtl asked) =>
        new($"State '{identity.Name}' is asked for with two times to live: {existing} and {asked}. Use one descriptor for both.");

    public static StateIncompatibleException RedistributionChanged(OperatorStateIdentity identity, Redistribution written) =>
        new(Incompatibility, $"Operator state '{identity.Name}' is a {identity}, but the snapshot has a {identity with { Redistribution = written }} under this name: its elements have been dealt out in another way. Ask for it as it was, or give the new state another name.");

    public static StateIncompatibleException Incompatible(OperatorStateIdentity identity, StateIncompatibleException cause) =>
        new(cause.Code, $"Operator state '{identity.Name}', a {identity}, cannot be restored: {cause.Message}", cause);

    public static MillraceException Unreadable(OperatorStateIdentity identity, int element, Exception cause) =>
        new(Corruption, $"Operator state '{identity.Name}', element {element}, cannot be read: {cause.Message}.", cause);

    public static StateIncompatibleException KindChanged(StateIdentity identity, KeyedStateKind written) =>
        new(Incompatibility, $"State '{identity.Name}' is a {identity}, but the snapshot has a state of kind {written} under this name. Give the new state another name.");

    public static StateIncompatibleException KeyChanged(StateIdentity identity, TypeSchema written, TypeSchema now) =>
        new(Incompatibility, $"State '{identity.Name}' was written with keys of shape {written}, but the keys are {now} now. Keys cannot change their shape: keep the old key type, or start without this state.");

    public static StateIncompatibleException Incompatible(StateIdentity identity, StateIncompatibleException cause) =>
        new(cause.Code, $"State '{identity.Name}', a {identity}, cannot be restored: {cause.Message}", cause);

    public static StateIncompatibleException MaxParallelismChanged(int written, int now) =>
        new(MaxParallelismChange, $"The snapshot has {written} key groups, but max parallelism is {now} now. Set max parallelism to {written}: it cannot change once there is state.");

    public static StateIncompatibleException OtherBackend(string op, string uid, string written, string now) => new(
        BackendChange,
        $"The keyed state of operator '{op}' (uid {uid}) is in the own format of state backend '{written}', and this job uses backend '{now}'. Start it with backend '{written}', and move to another one with a "
        + "canonical savepoint, which every backend reads.");

    public static MillraceException Unreadable(StateIdentity identity, int group, Exception cause) =>
        new(Corruption, $"State '{identity.Name}', key group {group}, cannot be read: {cause.Message}.", cause);

    public static MillraceException Corrupt(string source, string what, Exception? cause = null) =>
        new(Corruption, $"{source} is corrupt: {what}. Restore from another checkpoint.", cause);
}
