namespace Millrace.Connectors;

/// <summary>How the files of a source are compressed.</summary>
public enum FileCompression
{
    /// <summary>
    /// As each file says: one that begins with the magic bytes of gzip or Zstandard is decompressed, any other is read as it is. One whose name ends in <c>.gz</c>,
    /// <c>.gzip</c>, <c>.zst</c> or <c>.zstd</c> and that begins with none of them is an error.
    /// </summary>
    Auto,

    /// <summary>Files are read as they are, whatever they are named and begin with.</summary>
    None,

    /// <summary>gzip (RFC 1952). A file may be several gzip members, one behind the other.</summary>
    Gzip,

    /// <summary>Zstandard (RFC 8878). A file may be several frames, one behind the other.</summary>
    Zstd,
}
