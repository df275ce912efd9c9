using System.Buffers;
using System.Text;

namespace Millrace.Connectors;

/// <summary>One string a line.</summary>
internal sealed class TextFormat : FileFormat<string>
{
    public override string Name => "text";

    public override string Extension => "txt";

    public override bool CanConcatenate => true;

    public override FileRecordReader<string> CreateReader(FileReadContext<string> context) => new Reader(context);

    public override FileEncoder<string> CreateEncoder() => new Encoder();

    private sealed class Reader(FileReadContext<string> context) : LineReader<string>(context)
    {
        protected override bool PassesOverBlankLines => false;

        protected override void ReadLine(SourceOutput<string> output, ReadOnlySpan<byte> line)
        {
            output.Collect(Encoding.UTF8.GetString(line));
            Records++;
        }
    }

    private sealed class Encoder : FileEncoder<string>
    {
        public override void Write(IBufferWriter<byte> output, ReadOnlySpan<string> records)
        {
            foreach (string record in records)
            {
                Encoding.UTF8.GetBytes(record, output);
                output.Write("\n"u8);
            }
        }
    }
}
