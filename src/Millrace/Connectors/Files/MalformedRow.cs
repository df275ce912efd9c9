namespace Millrace.Connectors;

/// <summary>A row of a file that could not be read as a record.</summary>
/// <param name="File">The full path of the file.</param>
/// <param name="Line">The line on which the row begins, from 1. Lines end with a line feed. In a format without lines the number of the row, from 1.</param>
/// <param name="BytePosition">The byte at which the row begins, from 0; -1 in a format without lines.</param>
/// <param name="Text">The row as it stands in the file, cut off with <c>…</c> after about 4,000 bytes.</param>
/// <param name="Error">What was expected and what was found.</param>
public sealed record MalformedRow(string File, long Line, long BytePosition, string Text, string Error);
