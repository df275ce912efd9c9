using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Millrace.Runtime.Coordination;

/// <summary>The names under which the checkpoints of jobs are kept that were given none.</summary>
internal static class JobIds
{
    private const int MaxLength = 100;

    /// <summary>
    /// Makes a name of a folder of the name of a job: the same for the same job, so that its next start finds its checkpoints, and another for another. Two jobs of one id would take
    /// each other's state, so a name that cannot stay as it is gets a hash of itself behind a dot, which no name that stays has.
    /// </summary>
    public static string From(string jobName)
    {
        string readable = Readable(jobName);
        return readable == jobName ? jobName : $"{readable}.{Hash(jobName)}";
    }

    // Not in capitals: the file systems of some machines cannot tell them apart.
    private static string Readable(string jobName)
    {
        var id = new StringBuilder();
        foreach (char c in jobName)
        {
            if (char.IsAsciiLetterOrDigit(c) || c is '_')
            {
                id.Append(char.ToLowerInvariant(c));
            }
            else if (id.Length > 0 && id[^1] != '-')
            {
                id.Append('-');
            }
        }

        string text = id.ToString().Trim('-');
        return text.Length == 0 ? "job" : text.Length <= MaxLength ? text : text[..MaxLength];
    }

    // Of the UTF-16 code units and not of UTF-8: halves of surrogate pairs would all become the same replacement character.
    private static string Hash(string jobName) => Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(jobName.AsSpan())).AsSpan(0, 8));
}
