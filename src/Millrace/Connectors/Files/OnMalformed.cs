namespace Millrace.Connectors;

/// <summary>What a file source does with a row that it cannot read as a record.</summary>
public sealed class OnMalformed
{
    private OnMalformed(bool fails, OutputTag<MalformedRow>? tag)
    {
        Fails = fails;
        Tag = tag;
    }

    /// <summary>The job fails with error MR7101, which names the file, the line and what is wrong. The default.</summary>
    public static OnMalformed Fail { get; } = new(true, null);

    /// <summary>The row is left out and counted in the metric of skipped records.</summary>
    public static OnMalformed Skip { get; } = new(false, null);

    internal bool Fails { get; }

    internal OutputTag<MalformedRow>? Tag { get; }

    /// <summary>The row goes into a side output of the source, and is counted as skipped.</summary>
    /// <param name="tag">The side output.</param>
    /// <returns>The choice.</returns>
    public static OnMalformed ToSideOutput(OutputTag<MalformedRow> tag)
    {
        ArgumentNullException.ThrowIfNull(tag);
        return new OnMalformed(false, tag);
    }
}
