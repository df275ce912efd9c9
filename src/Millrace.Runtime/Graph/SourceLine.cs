namespace Millrace.Runtime.Graph;

/// <summary>Where in the user's program an operator was made.</summary>
/// <param name="File">The source file, as the compiler knows it.</param>
/// <param name="Line">The line, from 1.</param>
internal readonly record struct SourceLine(string File, int Line)
{
    /// <summary>File name and line, without folders: the same wherever the program was built.</summary>
    public override string ToString() => string.IsNullOrEmpty(File) ? "unknown place" : $"{Path.GetFileName(File.Replace('\\', '/'))}:{Line}";
}
