using System.Globalization;
using System.Text;

namespace Millrace.Connectors;

/// <summary>Records of a format, each turned into another.</summary>
internal sealed class MappedFormat<TRow, T>(FileFormat<TRow> rows, Func<TRow, T> map) : FileFormat<T>
{
    public override string Name => rows.Name;

    public override string Extension => rows.Extension;

    public override bool IsRandomAccess => rows.IsRandomAccess;

    public override void Validate(string path) => rows.Validate(path);

    public override FileRecordReader<T> CreateReader(FileReadContext<T> context) => new Reader(rows.CreateReader(context.For<TRow>()), context, rows.IsRandomAccess, map);

    private sealed class Reader : FileRecordReader<T>
    {
        private readonly FileRecordReader<TRow> _rows;
        private readonly Mapped _mapped;

        public Reader(FileRecordReader<TRow> rows, FileReadContext<T> context, bool countsRows, Func<TRow, T> map)
        {
            _rows = rows;
            _mapped = new Mapped(rows, context, countsRows, map);
            Records = rows.Records;
        }

        public override long Position => _rows.Position;

        public override bool Read(SourceOutput<T> output, int maxRecords)
        {
            _mapped.Target = output;
            bool more = _rows.Read(_mapped, maxRecords);
            Records = _rows.Records - _mapped.Malformed;
            return more;
        }

        protected override void Dispose(bool disposing) => _rows.Dispose();
    }

    private sealed class Mapped(FileRecordReader<TRow> rows, FileReadContext<T> context, bool countsRows, Func<TRow, T> map) : SourceOutput<TRow>
    {
        public SourceOutput<T> Target { get; set; } = null!;

        public long Malformed { get; private set; }

        public override void Collect(TRow value, long timestamp = EventTime.None)
        {
            T record;
            try
            {
                record = map(value);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                Malformed++;
                string text = string.Create(CultureInfo.InvariantCulture, $"{value}");
                string what = $"the row makes no {typeof(T).Name}: {error.Message.TrimEnd('.')}";
                if (countsRows)
                {
                    context.ReportMalformedRow(Target, rows.Position + 1, text, what, error);
                }
                else
                {
                    context.ReportMalformed(Target, rows.Position, Encoding.UTF8.GetBytes(text), what, error);
                }

                return;
            }

            Target.Collect(record, timestamp);
        }

        public override void EmitWatermark(long timestamp) => Target.EmitWatermark(timestamp);

        public override void MarkIdle() => Target.MarkIdle();

        public override void Output<TSide>(OutputTag<TSide> tag, TSide value) => Target.Output(tag, value);
    }
}
