namespace Millrace;

/// <summary>
/// Names a side output and gives it a type. Two tags with the same id and type are the same side output.
/// </summary>
/// <example>
/// <code>
/// static readonly OutputTag&lt;Reading&gt; Broken = new("broken");
/// var main = readings.Process(new Validate());     // calls context.Output(Broken, reading)
/// var broken = main.GetSideOutput(Broken);
/// </code>
/// </example>
/// <typeparam name="T">The type of the records in the side output.</typeparam>
public sealed record OutputTag<T>
{
    /// <summary>Creates a tag.</summary>
    /// <param name="id">A name that is unique among the side outputs of an operator.</param>
    /// <exception cref="ArgumentException"><paramref name="id"/> is empty.</exception>
    public OutputTag(string id)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(id);
        Id = id;
    }

    /// <summary>The name of the side output.</summary>
    public string Id { get; }

    /// <inheritdoc/>
    public override string ToString() => Id;
}
