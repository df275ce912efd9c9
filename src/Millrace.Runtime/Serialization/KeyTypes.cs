namespace Millrace.Runtime.Serialization;

/// <summary>Which types can be keys: those with value equality, a stable hash, and bytes.</summary>
internal static class KeyTypes
{
    /// <summary>Why a type cannot be a key; null when it can.</summary>
    public static string? WhyNotAKey<T>() => WhyNotAKey<T>(TypeSerializers.Default);

    /// <summary>Why a type cannot be a key, with the serializers of an environment; null when it can.</summary>
    public static string? WhyNotAKey<T>(SerializerRegistry registry) =>
        HasherBuilder.TryBuild<T>(out _, out string? refusal, compiles: false) ? registry.WhyNotSerializable<T>() : refusal;
}
