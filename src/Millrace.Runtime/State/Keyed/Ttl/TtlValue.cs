namespace Millrace.Runtime.State.Keyed.Ttl;

/// <summary>A value with a time to live, as tables hold it: alone, as the element of a list or as an entry of a map.</summary>
internal struct TtlValue<T>(T value, long lastUse)
{
    public T Value = value;

    /// <summary>When it was last used, in milliseconds since 1970.</summary>
    public long LastUse = lastUse;
}
