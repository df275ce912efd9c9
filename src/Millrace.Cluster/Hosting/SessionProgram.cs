namespace Millrace.Hosting;

/// <summary>A program that is kept in a cluster.</summary>
/// <param name="Id">The SHA-256 of its archive, in lower-case hexadecimal digits.</param>
/// <param name="Name">What it was called when it was uploaded first.</param>
/// <param name="Size">The bytes of its archive.</param>
/// <param name="UploadedAt">When it was uploaded first.</param>
/// <param name="EntryAssembly">The file in it that jobs are in.</param>
/// <param name="Jobs">The full names of the classes of jobs that were seen in it.</param>
public sealed record SessionProgram(string Id, string Name, long Size, DateTimeOffset UploadedAt, string EntryAssembly, IReadOnlyList<string> Jobs);
