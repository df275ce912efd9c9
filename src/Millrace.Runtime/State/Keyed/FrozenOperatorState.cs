using Millrace.State.Backends;

namespace Millrace.Runtime.State.Keyed;

/// <summary>The frozen state of a backend together with the values that the operator keeps by key group.</summary>
internal sealed class FrozenOperatorState(FrozenKeyedState backend, GroupValues.Frozen values) : FrozenKeyedState
{
    public override void WriteCanonical(KeyedStateWriter writer, CancellationToken cancellationToken)
    {
        backend.WriteCanonical(writer, cancellationToken);
        values.Write(writer);
    }

    public override NativeSnapshot? WriteNative(NativeSnapshotTarget target, CancellationToken cancellationToken) =>
        backend.WriteNative(target, cancellationToken) is { } snapshot ? snapshot with { Metadata = values.Wrap(snapshot.Metadata) } : null;

    protected override void Dispose(bool disposing) => backend.Dispose();
}
