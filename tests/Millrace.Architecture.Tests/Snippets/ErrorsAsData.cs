using Millrace.Connectors;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/concepts/errors-as-data.md.</summary>
internal static class ErrorsAsData
{
    internal static void OneOperator(DataStream<string> lines)
    {
        OutputTag<DeadLetter<string>> broken = new("broken");
        var readings = lines.Map(Reading.Parse).Name("parse").OnError(ErrorPolicy.ToSideOutput(broken));
        readings.GetSideOutput(broken).SinkTo(new FileSink<DeadLetter<string>>("out/broken", JsonFormat.Lines<DeadLetter<string>>()));
    }

    internal static void ManyOperators(SingleOutputStream<Reading> readings)
    {
        OutputTag<DeadLetter<string>> letters = new("letters");
        var policy = ErrorPolicy.ToSideOutput(letters);
        var totals = readings.OnError(policy).KeyBy(reading => reading.Sensor).Process(() => new Totals()).OnError(policy);
        var sink = totals.ForEach(Store).OnError(policy);
        readings.GetSideOutput(letters).Union(totals.GetSideOutput(letters), sink.GetSideOutput(letters))
            .SinkTo(new FileSink<DeadLetter<string>>("out/letters", JsonFormat.Lines<DeadLetter<string>>()));
    }

    private static void Store(double total) => Console.WriteLine(total);

    internal sealed record Reading(string Sensor, double Value)
    {
        public static Reading Parse(string line)
        {
            string[] parts = line.Split(';');
            return new Reading(parts[0], double.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    private sealed class Totals : KeyedProcessFunction<string, Reading, double>
    {
        public override void ProcessElement(Reading value, KeyedProcessContext<string> context, Collector<double> output) => output.Collect(value.Value);
    }
}
