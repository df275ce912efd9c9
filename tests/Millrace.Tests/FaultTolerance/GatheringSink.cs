using Millrace.Connectors;

namespace Millrace.Tests.FaultTolerance;

/// <summary>A sink that sends records by the dozen, and whose other side takes none that eleven divides.</summary>
internal sealed class GatheringSink : Sink<Reading>
{
    public override SinkWriter<Reading> CreateWriter(SinkWriterContext context) => new Writer(context.Errors);

    private sealed class Writer(SinkErrors errors) : SinkWriter<Reading>
    {
        private readonly List<(Reading Record, long Timestamp)> _gathered = [];

        public override ValueTask WriteAsync(SinkBatch<Reading> batch, CancellationToken cancellationToken)
        {
            for (int i = 0; i < batch.Count; i++)
            {
                _gathered.Add((batch.Values.Span[i], batch.Timestamps.Span[i]));
                if (_gathered.Count == 12)
                {
                    Send();
                }
            }

            return ValueTask.CompletedTask;
        }

        public override ValueTask FlushAsync(bool endOfInput, CancellationToken cancellationToken)
        {
            Send();
            return ValueTask.CompletedTask;
        }

        private void Send()
        {
            foreach (var (record, timestamp) in _gathered.Where(gathered => gathered.Record.Value % 11 == 0))
            {
                errors.Reject(record, timestamp, new FormatException("eleven"));
            }

            _gathered.Clear();
        }
    }
}
