namespace Millrace.Runtime.Sources;

/// <summary>Adds up what readers and the enumerator of a source say that they have not read. Not safe for use by several threads.</summary>
internal sealed class BacklogMeter
{
    // What was a record last, by the source: readers that have come to the end of a file have nothing left to tell it by, and are about to be given the next.
    private readonly Dictionary<int, double> _bytesPerRecord = [];

    /// <param name="vertex">The source's task.</param>
    /// <param name="readers">What each of its readers says.</param>
    /// <param name="unassigned">What the enumerator says.</param>
    /// <returns>In records; null where any of them does not know.</returns>
    public double? Sum(int vertex, IEnumerable<Backlog> readers, Backlog unassigned)
    {
        double records = 0;
        double bytes = 0;
        foreach (var reader in readers)
        {
            if (reader.Records is not { } pending)
            {
                return null;
            }

            records += pending;
            bytes += reader.Bytes ?? 0;
        }

        if (records > 0 && bytes > 0)
        {
            _bytesPerRecord[vertex] = bytes / records;
        }

        return unassigned switch
        {
            { Records: { } more } => records + more,
            { Bytes: 0 } => records,
            { Bytes: { } more } when _bytesPerRecord.TryGetValue(vertex, out double each) => records + (more / each),
            _ => null,
        };
    }
}
