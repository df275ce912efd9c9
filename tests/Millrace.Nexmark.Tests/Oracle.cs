using System.Collections.Concurrent;
using System.Globalization;
using Millrace.Connectors;
using Millrace.Nexmark.Queries;

namespace Millrace.Nexmark.Tests;

/// <summary>What a query must find, by a way of its own: plain loops over all events at once.</summary>
internal abstract class Oracle
{
    public abstract NexmarkQuery Query { get; }

    /// <summary>The results as text, in any order.</summary>
    public abstract IReadOnlyList<string> Texts(World world);

    /// <summary>Declares the query, and gives its results as text.</summary>
    public abstract DataStream<string> DeclareTexts(NexmarkInput input);

    /// <summary>Declares the query.</summary>
    /// <returns>Compares, when the job has ended, what it has found with what it must find, and says how they differ.</returns>
    public abstract Func<World, string?> Declare(NexmarkInput input);
}

/// <inheritdoc/>
/// <param name="query">The query.</param>
/// <param name="find">Finds the results; of a query that tells what changes, the last.</param>
/// <param name="settle">Makes of results those that do not depend on when something was seen: the last of each key. Null where all do.</param>
internal sealed class Oracle<TResult>(
    NexmarkQuery<TResult> query, Func<World, IEnumerable<TResult>> find, Func<DataStream<TResult>, DataStream<TResult>>? settle = null) : Oracle
    where TResult : IResult
{
    public override NexmarkQuery Query => query;

    public override IReadOnlyList<string> Texts(World world) => [.. find(world).Select(Text)];

    public override DataStream<string> DeclareTexts(NexmarkInput input) => Settled(input).Map(Text);

    public override Func<World, string?> Declare(NexmarkInput input)
    {
        var found = new ConcurrentQueue<TResult>();
        Settled(input).SinkTo(new CallbackSink<TResult>(found.Enqueue));
        return world => DifferenceTo(find(world), found);
    }

    private static string Text(TResult value) => string.Create(CultureInfo.InvariantCulture, $"{value}");

    private static string? DifferenceTo(IEnumerable<TResult> expected, IEnumerable<TResult> found)
    {
        var missing = new Dictionary<TResult, int>();
        int wanted = 0;
        foreach (var result in expected)
        {
            missing[result] = missing.GetValueOrDefault(result) + 1;
            wanted++;
        }

        foreach (var result in found)
        {
            missing[result] = missing.GetValueOrDefault(result) - 1;
        }

        var absent = missing.Where(pair => pair.Value > 0).Select(pair => pair.Key).ToList();
        var surplus = missing.Where(pair => pair.Value < 0).Select(pair => pair.Key).ToList();
        return wanted > 0 && absent.Count == 0 && surplus.Count == 0
            ? null
            : $"{found.Count()} results, {wanted} expected; {absent.Count} are missing: {string.Join(" | ", absent.Take(5))}; {surplus.Count} are too many: {string.Join(" | ", surplus.Take(5))}";
    }

    private DataStream<TResult> Settled(NexmarkInput input)
    {
        var results = query.Results(input);
        return settle?.Invoke(results) ?? results;
    }
}
