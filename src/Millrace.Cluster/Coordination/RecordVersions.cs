using System.Globalization;
using System.Security.Cryptography;

namespace Millrace.Cluster.Coordination;

/// <summary>The versions of records: numbers that grow by one with every write.</summary>
internal static class RecordVersions
{
    /// <summary>The version of a record that was not there. Not always the same one: a record that was deleted and made again must not be taken for the one before by somebody who has seen that.</summary>
    public static long First() => BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long))) >>> 2 | 1;

    /// <summary>The version that follows.</summary>
    public static string Next(string? etag) => (etag is null ? First() : long.Parse(etag, CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture);
}
