using Millrace.Connectors;
using Millrace.State;

namespace Millrace.ClusterTests;

/// <summary>A job with one task that takes its time over each record: how many subtasks it needs follows from the rate alone, however fast the machine is.</summary>
public static class Labour
{
    /// <summary>How many keys there are: enough that all subtasks have some.</summary>
    public const int Keys = 400;

    /// <summary>Declares the job.</summary>
    /// <param name="env">The environment.</param>
    /// <param name="folder">Where results go.</param>
    /// <param name="count">How many records there are.</param>
    /// <param name="rate">How many in a second.</param>
    /// <param name="time">How long the task takes over one.</param>
    /// <param name="parallelism">How many subtasks the task always has; null for the job's parallelism.</param>
    public static void Build(StreamExecutionEnvironment env, string folder, long count, double rate, TimeSpan time, int? parallelism = null)
    {
        ArgumentNullException.ThrowIfNull(env);
        var lines = env.FromGenerator(static id => id, count, rate).Uid("records").Parallelism(1)
            .KeyBy(id => id % Keys)
            .Process(() => new Worker(time)).Uid("labour").Blocking();
        var files = (parallelism is { } number ? lines.Parallelism(number) : lines).SinkTo(new FileSink<Line>(Path.Combine(folder, "labour"), JsonFormat.Lines<Line>())).Uid("files");
        if (parallelism is { } same)
        {
            files.Parallelism(same);
        }
    }

    /// <summary>What must be written, computed without the engine.</summary>
    /// <param name="count">How many records there are.</param>
    public static IReadOnlyList<Line> Expect(long count)
    {
        var lines = new List<Line>();
        for (long key = 0; key < Keys; key++)
        {
            long sum = 0;
            long number = 0;
            for (long id = key; id < count; id += Keys)
            {
                lines.Add(new Line((int)key, ++number, sum += id));
            }
        }

        return lines;
    }

    private sealed class Worker(TimeSpan time) : KeyedProcessFunction<long, long, Line>
    {
        private ValueState<long> _number = null!;
        private ValueState<long> _sum = null!;

        public override void Open(RuntimeContext context)
        {
            _number = context.GetState(new ValueStateDescriptor<long>("number"));
            _sum = context.GetState(new ValueStateDescriptor<long>("sum"));
        }

        public override void ProcessElement(long value, KeyedProcessContext<long> context, Collector<Line> output)
        {
#pragma warning disable RS0030 // Not to wait for something: it is the work.
            Thread.Sleep(time);
#pragma warning restore RS0030
            _number.Value++;
            _sum.Value += value;
            output.Collect(new Line((int)context.CurrentKey, _number.Value, _sum.Value));
        }
    }
}
