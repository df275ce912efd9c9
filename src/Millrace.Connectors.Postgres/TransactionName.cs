using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Millrace.Connectors;

/// <summary>The names of transactions: they say whose a transaction is, to the sink after a crash and to whoever looks into <c>pg_prepared_xacts</c>.</summary>
/// <param name="Subtask">The subtask that prepared it, at the parallelism of its time.</param>
/// <param name="Epoch">The attempt that prepared it.</param>
/// <param name="Checkpoint">The checkpoint that it is part of.</param>
internal readonly record struct TransactionName(int Subtask, long Epoch, long Checkpoint)
{
    // The server allows 199 bytes in all; what is fixed takes less than 70.
    private const int MaxPart = 60;

    /// <summary>What the names of all transactions of a sink begin with.</summary>
    internal static string Prefix(SinkWriterContext context) => $"millrace:{Part(context.JobId)}:{Part(context.OperatorUid)}:";

    /// <summary>The whole name.</summary>
    internal string Format(string prefix) => string.Create(CultureInfo.InvariantCulture, $"{prefix}{Subtask}:{Epoch}:{Checkpoint}");

    /// <summary>Reads a name.</summary>
    internal static bool TryParse(string name, string prefix, out TransactionName parsed)
    {
        parsed = default;
        if (!name.StartsWith(prefix, StringComparison.Ordinal) || name[prefix.Length..].Split(':') is not [var subtask, var epoch, var checkpoint])
        {
            return false;
        }

        if (!int.TryParse(subtask, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            || !long.TryParse(epoch, NumberStyles.None, CultureInfo.InvariantCulture, out long attempt)
            || !long.TryParse(checkpoint, NumberStyles.None, CultureInfo.InvariantCulture, out long id))
        {
            return false;
        }

        parsed = new TransactionName(index, attempt, id);
        return true;
    }

    /// <summary>Whether nobody will ever commit it, and it is this subtask's part to roll it back.</summary>
    internal bool IsLeftTo(SinkWriterContext context) =>
        Epoch < context.Epoch && Subtask % context.Parallelism == context.SubtaskIndex
        && (context.RestoredCheckpointId is not { } restored || Checkpoint > restored);

    /// <summary>A short name for what belongs to one sink, for names that have little room.</summary>
    internal static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));

    // Readable where it is short and plain. A colon must not occur; two different names must not become the same.
    private static string Part(string text)
    {
        var escaped = new StringBuilder();
        foreach (byte character in Encoding.UTF8.GetBytes(text))
        {
            if (char.IsAsciiLetterOrDigit((char)character) || character is (byte)'.' or (byte)'-' or (byte)'_')
            {
                escaped.Append((char)character);
            }
            else
            {
                escaped.Append(CultureInfo.InvariantCulture, $"%{character:x2}");
            }
        }

        return escaped.Length <= MaxPart ? escaped.ToString() : $"{escaped.ToString(0, MaxPart - 17)}~{Hash(text)}";
    }
}
