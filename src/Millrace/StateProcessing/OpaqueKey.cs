using Millrace.Serialization;

namespace Millrace.StateProcessing;

/// <summary>Stands for keys whose type is not known: of a backend that only carries state over from one format to another, and creates no table.</summary>
internal readonly struct OpaqueKey
{
    /// <summary>Never called to write or read anything.</summary>
    internal sealed class Serializer : TypeSerializer<OpaqueKey>
    {
        public override TypeSchema Schema { get; } = new(SchemaKind.Opaque, "any key", [], []);

        public override bool IsImmutable => true;

        public override void Write(ref BinaryOutput output, in OpaqueKey value) => throw Unknown();

        public override OpaqueKey Read(ref BinaryInput input) => throw Unknown();

        public override OpaqueKey Copy(OpaqueKey value) => value;

        public override TypeSerializer<OpaqueKey> ForReading(TypeSchema written) => this;
    }

    internal sealed class Hasher : StableHasher<OpaqueKey>
    {
        public override ulong Hash(OpaqueKey key) => throw Unknown();
    }

    private static InvalidOperationException Unknown() => new("The type of the keys is not known here: state is carried over as it was written.");
}
