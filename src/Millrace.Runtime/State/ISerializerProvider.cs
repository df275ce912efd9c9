using Millrace.Serialization;

namespace Millrace.Runtime.State;

/// <summary>Where state takes serializers and hashers from. Asked once per state, not per record.</summary>
internal interface ISerializerProvider
{
    TypeSerializer<T> Get<T>();

    StableHasher<T> GetHasher<T>();
}
