namespace Millrace.ClusterTests;

/// <summary>
/// A job of two streams that share nothing but the connection between two workers: sources on the one, consumers on the other. One consumer stands still while a file is there. What each function of
/// this process has seen is counted.
/// </summary>
public static class Pressure
{
    private static readonly long[] Counts = new long[4];

    /// <summary>How many records this process has made and consumed of the stream that is held back, and of its neighbour; and the bytes that are alive in it.</summary>
    public static string Seen => FormattableString.Invariant(
        $"{Volatile.Read(ref Counts[0])} {Volatile.Read(ref Counts[1])} {Volatile.Read(ref Counts[2])} {Volatile.Read(ref Counts[3])} {GC.GetTotalMemory(forceFullCollection: true)}");

    /// <summary>Declares the job.</summary>
    /// <param name="env">The environment.</param>
    /// <param name="gate">The file that keeps one consumer still.</param>
    /// <param name="rate">How many records a second the neighbour has. The stream that is held back has as many as can be had.</param>
    public static void Build(StreamExecutionEnvironment env, string gate, double rate)
    {
        ArgumentNullException.ThrowIfNull(env);
        env.FromGenerator(id => Count(0, id), long.MaxValue).Uid("held").SlotSharingGroup("sources").StartNewChain()
            .Process(() => new Gate(gate)).Uid("gate").SlotSharingGroup("consumers").Blocking()
            .Discard();
        env.FromGenerator(id => Count(2, id), long.MaxValue, rate).Uid("neighbour").SlotSharingGroup("sources").StartNewChain()
            .Map(id => Count(3, id)).Uid("consumer").SlotSharingGroup("consumers")
            .Discard();
    }

    private static long Count(int which, long id)
    {
        Interlocked.Increment(ref Counts[which]);
        return id;
    }

    private sealed class Gate(string file) : ProcessFunction<long, long>
    {
        private int _sinceLook;

        public override void ProcessElement(long value, ProcessContext context, Collector<long> output)
        {
            if (++_sinceLook == 1_000)
            {
                _sinceLook = 0;
                while (File.Exists(file))
                {
#pragma warning disable RS0030 // It is what it does: a consumer that takes its time.
                    Thread.Sleep(10);
#pragma warning restore RS0030
                }
            }

            Count(1, value);
            output.Collect(value);
        }
    }
}
