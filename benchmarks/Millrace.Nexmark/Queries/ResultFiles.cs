using Millrace.Connectors;

namespace Millrace.Nexmark.Queries;

/// <summary>How the results of a query stand in files.</summary>
/// <typeparam name="TResult">What it finds.</typeparam>
/// <param name="Format">The format.</param>
/// <param name="Folders">The folder for each result; null where all are in one.</param>
internal sealed record ResultFiles<TResult>(FileFormat<TResult> Format, BucketAssigner<TResult>? Folders = null);
