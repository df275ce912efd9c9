namespace Millrace;

/// <summary>What a key had before, and what it has now: enough to keep an aggregate over the latest records of all keys, which takes back the one and adds the other. Comes from <c>KeyedStream.Changes</c>.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <param name="HasPrevious">Whether the key had a record before.</param>
/// <param name="Previous">The record that does not count any more; the default of its type where there was none.</param>
/// <param name="Current">The record that counts from now on.</param>
/// <example>
/// <code>
/// public override void Add(ref long total, Change&lt;Balance&gt; change) =&gt;
///     total += change.Current.Amount - (change.HasPrevious ? change.Previous!.Amount : 0);
/// </code>
/// </example>
public readonly record struct Change<T>(bool HasPrevious, T? Previous, T Current);
