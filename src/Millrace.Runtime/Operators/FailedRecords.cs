using System.Runtime.CompilerServices;
using Millrace.Runtime.Exchange;

namespace Millrace.Runtime.Operators;

/// <summary>The indices in a batch of records that an operator has failed on and that have no result.</summary>
internal sealed class FailedRecords
{
    private readonly List<int> _indices = [];

    /// <param name="index">Behind all that were added since the last batch.</param>
    public void Add(int index) => _indices.Add(index);

    /// <summary>Takes them out of a batch, and forgets them.</summary>
    public void RemoveFrom<T>(RecordBatch<T> batch)
    {
        if (_indices.Count == 0)
        {
            return;
        }

        int kept = _indices[0];
        int next = 0;
        for (int i = kept; i < batch.Count; i++)
        {
            if (next < _indices.Count && _indices[next] == i)
            {
                next++;
                continue;
            }

            batch.Values[kept] = batch.Values[i];
            batch.Timestamps[kept] = batch.Timestamps[i];
            kept++;
        }

        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            Array.Clear(batch.Values, kept, batch.Count - kept);
        }

        batch.Count = kept;
        _indices.Clear();
    }
}
