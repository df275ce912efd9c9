using Millrace.Runtime.State;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.Checkpointing.Upgrades;

/// <summary>A keyed state that an operator has asked for.</summary>
/// <param name="Identity">Its name and kind.</param>
/// <param name="Key">How keys are written.</param>
/// <param name="Namespace">How namespaces are written.</param>
/// <param name="Value">How values are written.</param>
/// <param name="Read">Looks for a reader of what was written, and throws <see cref="StateIncompatibleException"/> as a restore would.</param>
internal sealed record AskedState(StateIdentity Identity, TypeSchema Key, TypeSchema Namespace, TypeSchema Value, Action<StateHeader> Read)
{
    public string Name => Identity.Name;
}
