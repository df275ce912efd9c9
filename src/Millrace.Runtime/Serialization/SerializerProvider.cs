using Millrace.Runtime.Graph;
using Millrace.Runtime.State;
using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>Serializers and hashers as a job's graph and its state ask for them.</summary>
internal sealed class SerializerProvider(SerializerRegistry registry) : ISerializerProvider, ISerializerCheck
{
    public TypeSerializer<T> Get<T>() => registry.Get<T>();

    public StableHasher<T> GetHasher<T>() => StableHashers.Get<T>();

    public string? WhyNotSerializable<T>() => registry.WhyNotSerializable<T>();

    public string? WhyNotAKey<T>() => KeyTypes.WhyNotAKey<T>(registry);
}
