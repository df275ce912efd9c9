using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>The serializers of types for which no environment has registered its own.</summary>
internal static class TypeSerializers
{
    /// <summary>The registry without any serializer of a user.</summary>
    public static SerializerRegistry Default { get; } = new();

    /// <inheritdoc cref="SerializerRegistry.Get{T}"/>
    public static TypeSerializer<T> Get<T>() => Cache<T>.Serializer ??= Default.Get<T>();

    /// <inheritdoc cref="SerializerRegistry.WhyNotSerializable{T}"/>
    public static string? WhyNotSerializable<T>() => Default.WhyNotSerializable<T>();

    private static class Cache<T>
    {
        public static TypeSerializer<T>? Serializer;
    }
}
