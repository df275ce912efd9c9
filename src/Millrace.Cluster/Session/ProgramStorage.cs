using System.Security.Cryptography;
using System.Text.Json;
using Millrace.Checkpointing;

namespace Millrace.Cluster.Session;

/// <summary>
/// The programs of a cluster in a storage, by the hash of their content: <c>id.zip</c>, and <c>id.json</c> with what is said of it. The second is written last and deleted first, so what has one is there as a whole. Methods block. Safe for use
/// by several threads and processes.
/// </summary>
/// <param name="storage">The storage; all of it belongs to programs.</param>
internal sealed class ProgramStorage(CheckpointStorage storage)
{
    private const int IdLength = 64;
    private const int BufferSize = 128 * 1024;
    private const string ArchiveFile = ".zip";
    private const string InfoFile = ".json";

    public string Description => storage.Description;

    /// <summary>The id of an archive.</summary>
    public static string IdOf(Stream archive)
    {
        archive.Position = 0;
        return Convert.ToHexStringLower(SHA256.HashData(archive));
    }

    /// <summary>Keeps an archive. One that is there already stays as it is.</summary>
    /// <returns>What is said of the one that is there now.</returns>
    public ProgramInfo Add(Stream archive, ProgramInfo info)
    {
        if (Find(info.Id) is { } known)
        {
            return known;
        }

        archive.Position = 0;
        using (var output = storage.Create(info.Id + ArchiveFile))
        {
            archive.CopyTo(output.Stream);
            output.Complete();
        }

        Announce(info);
        return Find(info.Id) ?? info;
    }

    /// <summary>Says that a program is there whose archive is. Also to take back <see cref="Withdraw"/>.</summary>
    public void Announce(ProgramInfo info) => storage.TryCreate(info.Id + InfoFile, JsonSerializer.SerializeToUtf8Bytes(info, ProgramInfoFormat.Default.ProgramInfo));

    /// <summary>What is said of a program; null where there is none.</summary>
    public ProgramInfo? Find(string id)
    {
        if (!IsId(id))
        {
            return null;
        }

        try
        {
            using var stream = storage.OpenRead(id + InfoFile);
            return JsonSerializer.Deserialize(stream, ProgramInfoFormat.Default.ProgramInfo);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (JsonException error)
        {
            throw new IOException($"{storage.Description} has a file {id}{InfoFile} that is not what it should be: {error.Message} Delete it, and upload the program again.", error);
        }
    }

    /// <summary>All programs, the newest first.</summary>
    public IReadOnlyList<ProgramInfo> List() =>
    [
        .. storage.List("").Where(static file => file.Name.EndsWith(InfoFile, StringComparison.Ordinal)).Select(file => Find(file.Name[..^InfoFile.Length])).OfType<ProgramInfo>()
            .OrderByDescending(static program => program.UploadedAt).ThenBy(static program => program.Id, StringComparer.Ordinal),
    ];

    /// <summary>Copies an archive, and makes sure that it is the one that its id names.</summary>
    /// <exception cref="MillraceException">MR6023: there is none. MR6027: it is another one.</exception>
    public void Fetch(string id, Stream target, long most)
    {
        if (!IsId(id))
        {
            throw SessionErrors.UnknownProgram(id);
        }

        try
        {
            using var source = storage.OpenRead(id + ArchiveFile);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            byte[] buffer = new byte[BufferSize];
            long copied = 0;
            for (int read; (read = source.Read(buffer)) > 0;)
            {
                copied += read;
                if (copied > most)
                {
                    throw SessionErrors.Damaged(id, $"that of more than {most} bytes");
                }

                hash.AppendData(buffer, 0, read);
                target.Write(buffer, 0, read);
            }

            string found = Convert.ToHexStringLower(hash.GetHashAndReset());
            if (found != id)
            {
                throw SessionErrors.Damaged(id, found);
            }
        }
        catch (FileNotFoundException)
        {
            throw SessionErrors.UnknownProgram(id);
        }
    }

    /// <summary>Says no longer that a program is there.</summary>
    public void Withdraw(string id) => storage.Delete([id + InfoFile]);

    /// <summary>Deletes the archive of a program that is withdrawn.</summary>
    public void Delete(string id) => storage.Delete([id + ArchiveFile]);

    // It becomes the name of a file.
    private static bool IsId(string id) => id.Length == IdLength && id.All(static c => c is (>= '0' and <= '9') or (>= 'a' and <= 'f'));
}
