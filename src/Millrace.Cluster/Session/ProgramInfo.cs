using System.Text.Json.Serialization;

namespace Millrace.Cluster.Session;

/// <summary>What is kept beside a program's archive.</summary>
/// <param name="Id">The SHA-256 of the archive, in lower-case hexadecimal digits.</param>
/// <param name="Name">What it was called when it was uploaded first.</param>
/// <param name="Size">The bytes of the archive.</param>
/// <param name="UploadedAt">When it was uploaded first.</param>
/// <param name="EntryAssembly">The file that jobs are in.</param>
/// <param name="Jobs">The full names of the classes of jobs that were seen in it.</param>
internal sealed record ProgramInfo(string Id, string Name, long Size, DateTimeOffset UploadedAt, string EntryAssembly, IReadOnlyList<string> Jobs);

/// <summary>How it is written.</summary>
[JsonSerializable(typeof(ProgramInfo))]
internal sealed partial class ProgramInfoFormat : JsonSerializerContext;
