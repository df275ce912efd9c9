namespace Millrace.Runtime.Sources;

/// <summary>What is there to be read and not read yet; null where that is not known.</summary>
/// <param name="Records">How many records.</param>
/// <param name="Bytes">How many bytes.</param>
internal sealed record Backlog(long? Records, long? Bytes)
{
    public static Backlog NotKnown { get; } = new(null, null);

    /// <summary>The same object where nothing has changed: it is asked for often.</summary>
    public Backlog With(long? records, long? bytes) => Records == records && Bytes == bytes ? this : new Backlog(records, bytes);
}
