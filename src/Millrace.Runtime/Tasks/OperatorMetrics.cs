using Millrace.Runtime.Time;

namespace Millrace.Runtime.Tasks;

/// <summary>
/// Counters of one operator in one subtask: written by the subtask alone, once a batch; read by anybody at any time.
/// </summary>
internal sealed class OperatorMetrics
{
    // In place of null, which is not written at once.
    private const long NotKnown = -1;

    private long _recordsIn;
    private long _recordsOut;
    private long _lateRecordsDropped;
    private long _lateRecords;
    private long _recordsSkipped;
    private long _recordsInErrors;
    private long _inputWatermark = EventTime.MinWatermark;
    private long _watermark = EventTime.MinWatermark;
    private bool _isIdle;
    private long _pendingRecords = NotKnown;
    private long _pendingBytes = NotKnown;
    private IReadOnlyList<SplitTime> _splits = [];

    public long RecordsIn => Volatile.Read(ref _recordsIn);

    public long RecordsOut => Volatile.Read(ref _recordsOut);

    /// <summary>Records that came too late for any window, whether dropped or sent to a side output.</summary>
    public long LateRecords => Volatile.Read(ref _lateRecords);

    public long LateRecordsDropped => Volatile.Read(ref _lateRecordsDropped);

    /// <summary>Malformed records that a source skipped.</summary>
    public long RecordsSkipped => Volatile.Read(ref _recordsSkipped);

    /// <summary>Records that user code threw on and that were skipped or sent to a side output, and malformed records of a source: <c>numRecordsInErrors</c>.</summary>
    public long RecordsInErrors => Volatile.Read(ref _recordsInErrors);

    /// <summary>The watermark that came in last.</summary>
    public long InputWatermark
    {
        get => Volatile.Read(ref _inputWatermark);
        set => Volatile.Write(ref _inputWatermark, value);
    }

    /// <summary>The watermark that was handed on last.</summary>
    public long Watermark
    {
        get => Volatile.Read(ref _watermark);
        set => Volatile.Write(ref _watermark, value);
    }

    /// <summary>Of whoever makes watermarks, a source or an operator within the stream: whether nobody waits for its own.</summary>
    public bool IsIdle
    {
        get => Volatile.Read(ref _isIdle);
        set => Volatile.Write(ref _isIdle, value);
    }

    /// <summary>Of a source: how many records its splits still held when it was asked last; null where it does not know.</summary>
    public long? PendingRecords
    {
        get => Known(Volatile.Read(ref _pendingRecords));
        set => Volatile.Write(ref _pendingRecords, value ?? NotKnown);
    }

    /// <summary>Of a source: how many bytes that were.</summary>
    public long? PendingBytes
    {
        get => Known(Volatile.Read(ref _pendingBytes));
        set => Volatile.Write(ref _pendingBytes, value ?? NotKnown);
    }

    /// <summary>Of a source: how far each of its splits had come at the last watermark interval.</summary>
    public IReadOnlyList<SplitTime> Splits
    {
        get => Volatile.Read(ref _splits);
        set => Volatile.Write(ref _splits, value);
    }

    public void AddRecordsIn(int count) => Volatile.Write(ref _recordsIn, _recordsIn + count);

    public void AddRecordsOut(int count) => Volatile.Write(ref _recordsOut, _recordsOut + count);

    public void AddLate(bool dropped, int count = 1)
    {
        Volatile.Write(ref _lateRecords, _lateRecords + count);
        if (dropped)
        {
            Volatile.Write(ref _lateRecordsDropped, _lateRecordsDropped + count);
        }
    }

    public void AddSkipped() => Volatile.Write(ref _recordsSkipped, _recordsSkipped + 1);

    public void AddRecordInError() => Volatile.Write(ref _recordsInErrors, _recordsInErrors + 1);

    private static long? Known(long value) => value == NotKnown ? null : value;
}
