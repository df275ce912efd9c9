using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using Millrace.Hosting;

namespace Millrace.Cluster.Session;

/// <summary>Reads and writes the archives that programs come in: zip. What is read comes from outside, and nothing of it is believed.</summary>
internal static class ProgramArchive
{
    private const int LongestName = 500;
    private const int HeaderOfEntry = 46;
    private const int EndOfArchive = 22;
    private const int BufferSize = 80 * 1024;

    // Bits of a Unix file mode, which an archive carries in the upper half of an entry's attributes.
    private const int KindMask = 0xF000;
    private const int Regular = 0x8000;
    private const int Directory = 0x4000;

    private static readonly DateTimeOffset FixedTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Opens an archive, and checks all that it says of its files.</summary>
    /// <param name="archive">The archive; it can seek, and stays open.</param>
    /// <param name="limits">How large it may be.</param>
    /// <exception cref="MillraceException">MR6022: it is none, or not safe.</exception>
    public static ZipArchive Open(Stream archive, ProgramLimits limits)
    {
        CheckDirectory(archive, limits);
        ZipArchive? zip = null;
        try
        {
            archive.Position = 0;
            zip = new ZipArchive(archive, ZipArchiveMode.Read, leaveOpen: true);
            CheckEntries(zip, limits);
            return zip;
        }
        catch (InvalidDataException error)
        {
            zip?.Dispose();
            throw SessionErrors.Refused($"it is no zip archive, or is damaged: {error.Message}", error);
        }
        catch
        {
            zip?.Dispose();
            throw;
        }
    }

    /// <summary>Unpacks an archive.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="folder">An empty folder. When it fails there may be something in it.</param>
    /// <param name="limits">How large it may be.</param>
    /// <exception cref="MillraceException">MR6022: it is none, is not safe, or damaged.</exception>
    public static void Unpack(Stream archive, string folder, ProgramLimits limits)
    {
        string root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) + Path.DirectorySeparatorChar;
        using var zip = Open(archive, limits);
        foreach (var entry in zip.Entries)
        {
            string target = Path.GetFullPath(Path.Combine(root, entry.FullName));
            if (!target.StartsWith(root, StringComparison.Ordinal))
            {
                throw SessionErrors.Refused($"its entry '{entry.FullName}' leads out of the folder.");
            }

            if (entry.FullName.EndsWith('/'))
            {
                System.IO.Directory.CreateDirectory(target);
                continue;
            }

            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            using var file = new FileStream(target, FileMode.CreateNew, FileAccess.Write, FileShare.None);
            Copy(entry, file);
        }
    }

    /// <summary>Reads all of an archive's files without keeping them.</summary>
    /// <exception cref="MillraceException">MR6022: one is damaged.</exception>
    public static void Verify(ZipArchive zip)
    {
        foreach (var entry in zip.Entries)
        {
            Copy(entry, Stream.Null);
        }
    }

    /// <summary>Packs a folder, so that the same files always become the same bytes: in order, with one time, and not compressed, since compressors of other versions compress in another way.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="output">Takes the archive.</param>
    /// <exception cref="MillraceException">MR6022: there is a link in it.</exception>
    public static void Pack(string folder, Stream output)
    {
        string root = Path.GetFullPath(folder);
        var files = new List<(string Name, string Path)>();
        Collect(new DirectoryInfo(root), "", files);
        Pack(files, output);
    }

    /// <summary>Packs files as those of a folder.</summary>
    /// <param name="files">Their names in the archive, which are checked when it is read, and where they are.</param>
    /// <param name="output">Takes the archive.</param>
    public static void Pack(List<(string Name, string Path)> files, Stream output)
    {
        files.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        using var zip = new ZipArchive(output, ZipArchiveMode.Create, leaveOpen: true);
        foreach (var (name, path) in files)
        {
            var entry = zip.CreateEntry(name, CompressionLevel.NoCompression);
            entry.LastWriteTime = FixedTime;
            entry.ExternalAttributes = (Regular | 0b110_100_100) << 16;
            using var target = entry.Open();
            using var source = File.OpenRead(path);
            source.CopyTo(target);
        }
    }

    private static void Collect(DirectoryInfo folder, string prefix, List<(string Name, string Path)> files)
    {
        foreach (var found in folder.EnumerateFileSystemInfos())
        {
            if (found.LinkTarget is not null)
            {
                throw SessionErrors.Refused($"'{prefix}{found.Name}' is a link. Put the file itself into the folder.");
            }

            if (found is DirectoryInfo inner)
            {
                Collect(inner, $"{prefix}{found.Name}/", files);
            }
            else
            {
                files.Add(($"{prefix}{found.Name}", found.FullName));
            }
        }
    }

    /// <summary>What is read before the list of entries is: a list that is longer than it may be would be in memory by then.</summary>
    private static void CheckDirectory(Stream archive, ProgramLimits limits)
    {
        if (archive.Length > limits.Packed)
        {
            throw TooLarge($"it has {archive.Length} bytes, and {limits.Packed} are allowed", nameof(ClusterSessionOptions.MaxProgramSize));
        }

        // The end is in the last bytes, in front of a comment of at most 64 KiB.
        int length = (int)Math.Min(archive.Length, EndOfArchive + ushort.MaxValue);
        byte[] tail = new byte[length];
        archive.Position = archive.Length - length;
        archive.ReadExactly(tail);
        int end = tail.AsSpan().LastIndexOf("PK\u0005\u0006"u8);
        if (end < 0 || length - end < EndOfArchive)
        {
            throw SessionErrors.Refused("it is no zip archive, or was cut off.");
        }

        ushort count = BinaryPrimitives.ReadUInt16LittleEndian(tail.AsSpan(end + 10));
        uint start = BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(end + 16));
        if (count == ushort.MaxValue || start == uint.MaxValue)
        {
            throw SessionErrors.Refused("it is in the format for archives above 4 GB, which is not taken.");
        }

        if (count > limits.Files || archive.Length - start > (long)limits.Files * (HeaderOfEntry + LongestName))
        {
            throw TooManyFiles(limits);
        }
    }

    private static void CheckEntries(ZipArchive zip, ProgramLimits limits)
    {
        if (zip.Entries.Count > limits.Files)
        {
            throw TooManyFiles(limits);
        }

        // Without regard to case, as file systems of some machines see names.
        var files = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var folders = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        long bytes = 0;
        foreach (var entry in zip.Entries)
        {
            CheckName(entry.FullName);
            CheckKind(entry);
            string name = entry.FullName.TrimEnd('/');
            bool isFolder = name.Length < entry.FullName.Length;
            if (isFolder)
            {
                folders.Add(name);
            }
            else if (!files.Add(name))
            {
                throw SessionErrors.Refused($"it has '{name}' twice.");
            }

            for (int slash = name.LastIndexOf('/'); slash > 0; slash = name.LastIndexOf('/', slash - 1))
            {
                folders.Add(name[..slash]);
            }

            // What it says of its length; when it is read no more than that is taken.
            bytes = entry.Length <= limits.Unpacked ? bytes + entry.Length : long.MaxValue;
            if (bytes > limits.Unpacked)
            {
                throw TooLarge($"unpacked it has more than {limits.Unpacked} bytes", nameof(ClusterSessionOptions.MaxUnpackedSize));
            }
        }

        if (files.FirstOrDefault(folders.Contains) is { } both)
        {
            throw SessionErrors.Refused($"it has '{both}' as a file and as a folder.");
        }
    }

    private static void CheckName(string name)
    {
        string path = name.EndsWith('/') ? name[..^1] : name;

        // A backslash divides names on some machines, a colon names drives and streams there.
        bool isSafe = path.Length is > 0 and <= LongestName
            && !path.Any(static c => c is '\\' or ':' or '\0' || char.IsControl(c))
            && path.Split('/').All(static part => part.Length > 0 && part.Trim(' ', '.').Length > 0 && !part.EndsWith('.') && !part.EndsWith(' '));
        if (!isSafe)
        {
            throw SessionErrors.Refused($"its entry '{name}' has a name that is not safe to unpack: names are relative, divided by '/', and have no '..' in them.");
        }
    }

    private static void CheckKind(ZipArchiveEntry entry)
    {
        int kind = (entry.ExternalAttributes >> 16) & KindMask;
        bool isFolder = entry.FullName.EndsWith('/');
        if (kind != 0 && kind != (isFolder ? Directory : Regular))
        {
            throw SessionErrors.Refused($"its entry '{entry.FullName}' is a link or another special file. Only files and folders are taken.");
        }

        if (entry.IsEncrypted)
        {
            throw SessionErrors.Refused($"its entry '{entry.FullName}' is encrypted.");
        }

        if (isFolder && entry.Length > 0)
        {
            throw SessionErrors.Refused($"its folder '{entry.FullName}' has content.");
        }
    }

    /// <summary>Copies a file, and no more of it than its length. The framework does not look at checksums.</summary>
    private static void Copy(ZipArchiveEntry entry, Stream target)
    {
        try
        {
            var checksum = new Crc32();
            using var source = entry.Open();
            byte[] buffer = new byte[BufferSize];
            long copied = 0;
            for (int read; (read = source.Read(buffer)) > 0;)
            {
                copied += read;
                if (copied > entry.Length)
                {
                    throw SessionErrors.Refused($"its file '{entry.FullName}' is longer than it says.");
                }

                checksum.Append(buffer.AsSpan(0, read));
                target.Write(buffer, 0, read);
            }

            if (copied != entry.Length || checksum.GetCurrentHashAsUInt32() != entry.Crc32)
            {
                throw SessionErrors.Refused($"its file '{entry.FullName}' is damaged.");
            }
        }
        catch (InvalidDataException error)
        {
            throw SessionErrors.Refused($"its file '{entry.FullName}' is damaged: {error.Message}", error);
        }
    }

    private static MillraceException TooLarge(string what, string key) => SessionErrors.Refused($"{what}. Leave out what it does not need, or raise Millrace:Cluster:Session:{key}.");

    private static MillraceException TooManyFiles(ProgramLimits limits) =>
        SessionErrors.Refused($"it has more than {limits.Files} files. Leave out what it does not need, or raise Millrace:Cluster:Session:{nameof(ClusterSessionOptions.MaxFiles)}.");
}
