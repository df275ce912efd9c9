namespace Millrace.Connectors;

/// <summary>Opens the files of sources, and decompresses those that are compressed.</summary>
internal static class SourceFile
{
    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="compression">How it is compressed.</param>
    /// <returns>Its content, which can be moved in and begins at position 0.</returns>
    /// <exception cref="ConnectorException">MR7101: the file is not compressed as its name says.</exception>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be opened.</exception>
    public static Stream Open(string path, FileCompression compression)
    {
        if (compression == FileCompression.Auto)
        {
            compression = Detect(path);
        }

        return compression == FileCompression.None ? new SourceFileStream(path) : new DecompressedFileStream(path, compression);
    }

    /// <summary>Moves to where reading is to go on.</summary>
    /// <param name="content">What <see cref="Open"/> has returned.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="position">The byte of the content.</param>
    /// <exception cref="ConnectorException">MR7104: the content ends before.</exception>
    public static void MoveTo(Stream content, string path, long position)
    {
        if (content is SourceFileStream file && file.Length < position)
        {
            throw Shorter(path, file.Length, position);
        }

        content.Position = position;
    }

    /// <summary>The name without what says how the file is compressed: <c>a.csv</c> of <c>a.csv.gz</c>.</summary>
    public static string NameWithoutCompression(string path) => ByName(path) == FileCompression.None ? path : path[..^Path.GetExtension(path).Length];

    public static ConnectorException Shorter(string path, long length, long position) => new(
        FileErrors.CannotRead,
        $"{path} has {length} bytes, but was read up to byte {position} before: it is not the file that it was. "
        + "Put the old file back, or start the job without the checkpoint.");

    private static FileCompression Detect(string path)
    {
        Span<byte> head = stackalloc byte[4];
        int length;
        using (var file = new SourceFileStream(path))
        {
            length = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        }

        switch (head[..length])
        {
            case [0x1F, 0x8B, ..]:
                return FileCompression.Gzip;

            // A frame, or a frame to skip, with which files of parallel compressors begin.
            case [0x28, 0xB5, 0x2F, 0xFD] or [>= 0x50 and <= 0x5F, 0x2A, 0x4D, 0x18]:
                return FileCompression.Zstd;

            case []:
                return FileCompression.None;

            default:
                return ByName(path) is var named && named == FileCompression.None
                    ? FileCompression.None
                    : throw new ConnectorException(
                        FileErrors.Malformed,
                        $"{path} is named as a file of {named}, but does not begin as one. Rename it, or set {nameof(FileSourceOptions)}.{nameof(FileSourceOptions.Compression)} "
                        + "to None to read it as it is.");
        }
    }

    private static FileCompression ByName(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".gz" or ".gzip" => FileCompression.Gzip,
        ".zst" or ".zstd" => FileCompression.Zstd,
        _ => FileCompression.None,
    };
}
