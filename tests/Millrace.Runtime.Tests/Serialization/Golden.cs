namespace Millrace.Runtime.Tests.Serialization;

/// <summary>Bytes and hashes that must never change.</summary>
internal static class Golden
{
    public static readonly string[] Bytes = [];

    public static readonly string[] Hashes = [];
}
