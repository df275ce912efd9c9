using Millrace.Hosting;

namespace Millrace.Cluster.Session;

/// <summary>How large a program may be: guards against archives that are made to fill a disk, and against mistakes.</summary>
/// <param name="Packed">The bytes of the archive.</param>
/// <param name="Unpacked">The bytes of all its files together.</param>
/// <param name="Files">How many files and folders it may have.</param>
internal sealed record ProgramLimits(long Packed, long Unpacked, int Files)
{
    public static ProgramLimits Of(ClusterSessionOptions options) => new(options.MaxProgramSize, options.MaxUnpackedSize, options.MaxFiles);
}
