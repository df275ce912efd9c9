namespace Millrace.Connectors;

/// <content>How much is left: bytes are known, and how many of them are a record is taken from what was read so far.</content>
internal sealed partial class FileSourceReader<T>
{
    private readonly FileLengths _lengths = new();

    // Of files that were read before the present one.
    private double? _bytesPerRecord;

    public override long? PendingBytes => Left.Bytes;

    public override long? PendingRecords
    {
        get
        {
            if (_reader is null && _waiting.Count == 0)
            {
                return 0;
            }

            // At a pace records come into being with time: those of the rest of the file are not there yet.
            var left = Left.Records;
            return _pace is null ? left : Math.Min(left ?? long.MaxValue, _pace.Behind);
        }
    }

    private (long? Records, long Bytes) Left
    {
        get
        {
            long waiting = _waiting.Sum(_lengths.LeftOf);
            var (read, left) = Progress();
            if (_reader?.PendingRecords is { } known)
            {
                return (known + (waiting == 0 ? 0 : RecordsIn(waiting)), left + waiting);
            }

            return (left + waiting == 0 ? 0 : RecordsIn(left + waiting), left + waiting);

            long? RecordsIn(long bytes) => (BytesPerRecord(read) ?? _bytesPerRecord) is { } each ? (long)(bytes / each) : null;
        }
    }

    /// <summary>How many bytes of the present file are read, and how many are left; as they lie on the disk.</summary>
    private (long Read, long Left) Progress()
    {
        if (_reader is null || _stream is null)
        {
            return (0, 0);
        }

        if (_reader.PendingRecords is { } records)
        {
            // Records of a known number that do not come one behind the other, as in Parquet: each has its share of the file.
            long length = _stream.Length;
            double part = records + _reader.Records == 0 ? 0 : (double)records / (records + _reader.Records);
            long left = (long)(length * part);
            return (length - left, left);
        }

        var (position, end) = _stream is DecompressedFileStream compressed ? (compressed.CompressedPosition, compressed.CompressedLength) : (_reader.Position, _stream.Length);
        return (position, Math.Max(0, end - position));
    }

    private double? BytesPerRecord(long read) => _reader is { Records: > 0 and var records } && read > 0 ? (double)read / records : null;

    /// <summary>Called before the present file is closed.</summary>
    private void RememberSizes() => _bytesPerRecord = BytesPerRecord(Progress().Read) ?? _bytesPerRecord;
}
