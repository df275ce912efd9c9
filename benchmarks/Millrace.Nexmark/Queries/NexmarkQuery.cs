using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Millrace.Connectors;

namespace Millrace.Nexmark.Queries;

/// <summary>A query of the suite.</summary>
internal abstract class NexmarkQuery
{
    /// <summary>Its name, for example <c>q5</c>.</summary>
    public abstract string Name { get; }

    /// <summary>What it asks, and what is hard about it.</summary>
    public abstract string Description { get; }

    /// <summary>Whether it needs event time.</summary>
    public virtual bool HasEventTime => false;

    /// <summary>Whether writing files is what it is about, so that its results are never only looked at.</summary>
    public virtual bool WritesFiles => false;

    /// <summary>Declares the query and gives what it finds to a sink.</summary>
    /// <param name="input">The events.</param>
    /// <param name="sink">Takes the results.</param>
    public abstract void Declare(NexmarkInput input, IResultSink sink);
}

/// <summary>A query with results of a type.</summary>
/// <typeparam name="TResult">What it finds.</typeparam>
internal abstract class NexmarkQuery<TResult> : NexmarkQuery
    where TResult : IResult
{
    // The fields of a result, and no sum of them.
    private static readonly JsonSerializerOptions Fields = new(JsonSerializerDefaults.Web)
    {
        TypeInfoResolver = new DefaultJsonTypeInfoResolver().WithAddedModifier(static type =>
        {
            if (type.Type == typeof(TResult))
            {
                type.Properties.Remove(type.Properties.Single(property => property.Name == JsonNamingPolicy.CamelCase.ConvertName(nameof(IResult.Digest))));
            }
        }),
    };

    /// <summary>How results stand in files.</summary>
    public virtual ResultFiles<TResult> Files => new(JsonFormat.Lines<TResult>(Fields));

    /// <inheritdoc/>
    public sealed override void Declare(NexmarkInput input, IResultSink sink) => sink.Take(Results(input), Files);

    /// <summary>Declares the query.</summary>
    public abstract DataStream<TResult> Results(NexmarkInput input);
}

/// <summary>Where results go: nowhere, into a file.</summary>
internal interface IResultSink
{
    /// <summary>Takes the results of a query.</summary>
    /// <param name="results">The results.</param>
    /// <param name="files">How they stand in files.</param>
    void Take<TResult>(DataStream<TResult> results, ResultFiles<TResult> files)
        where TResult : IResult;
}

/// <summary>A result of a query.</summary>
internal interface IResult
{
    /// <summary>A number that every field has a part in, so that none of them can be left out where nobody looks at the results. Of a text its length.</summary>
    long Digest { get; }
}
