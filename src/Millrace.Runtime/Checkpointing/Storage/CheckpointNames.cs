using System.Globalization;
using System.Security.Cryptography;

namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>What files are called, and where they are.</summary>
internal sealed class CheckpointNames(string jobId)
{
    public const string Metadata = "_metadata";

    private const string Claim = "_claimed";

    // Digits of a number of the log: enough for any long, so that the order of names is the order of entries.
    private const int SequenceDigits = 19;

    public string JobFolder => jobId;

    public string SharedFolder { get; } = $"{jobId}/shared";

    public string LogFolder { get; } = $"{jobId}/log";

    public string CheckpointFolder(long id) => string.Create(CultureInfo.InvariantCulture, $"{jobId}/chk-{id}");

    public string LogEntry(long sequence) => $"{LogFolder}/{sequence.ToString(CultureInfo.InvariantCulture).PadLeft(SequenceDigits, '0')}";

    /// <summary>The number of an entry of the log; 0 where the file is none.</summary>
    public long SequenceOf(string name)
    {
        var digits = name.AsSpan(LogFolder.Length + 1);
        return digits.Length == SequenceDigits && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long sequence) ? sequence : 0;
    }

    /// <summary>Whether a file is of the kind that checkpoints of this job own: one that nobody names is garbage.</summary>
    public bool IsOwned(string name) =>
        IsIn(name, SharedFolder) || (name.StartsWith($"{jobId}/chk-", StringComparison.Ordinal) && name.AsSpan(jobId.Length + 1).Contains('/'));

    /// <summary>Whether files may only be written to a folder by the engine.</summary>
    public bool IsReserved(string folder) =>
        folder == SharedFolder || folder == LogFolder || IsIn(folder, SharedFolder) || IsIn(folder, LogFolder) || folder.StartsWith($"{jobId}/chk-", StringComparison.Ordinal);

    public static bool IsIn(string name, string folder) =>
        name.Length > folder.Length + 1 && name[folder.Length] == '/' && name.StartsWith(folder, StringComparison.Ordinal);

    public static string MetadataOf(string folder) => $"{folder}/{Metadata}";

    /// <summary>Says in the folder of a savepoint which job has claimed it.</summary>
    public static string ClaimOf(string folder) => $"{folder}/{Claim}";

    /// <summary>A name that nobody else has chosen or will, in any process.</summary>
    public static string Random(string folder) => $"{folder}/{_repeatable?.Invoke() ?? RandomNumberGenerator.GetHexString(32, lowercase: true)}";

    /// <summary>Has this thread choose names from a seed, so that a simulation is the same every time; null for random ones again.</summary>
    public static void MakeRepeatable(Func<string>? names) => _repeatable = names;

    [ThreadStatic]
    private static Func<string>? _repeatable;

    /// <summary>Whether a file was written to be shared by checkpoints. Nobody changes such a file, so it need not be copied to be used.</summary>
    public static bool IsShared(string name)
    {
        int end = name.LastIndexOf('/');
        return end > 0 && name.AsSpan(0, end).EndsWith("/shared");
    }
}
