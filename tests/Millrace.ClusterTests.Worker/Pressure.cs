namespace Millrace.ClusterTests;

/// <summary>
/// A job of two streams that share nothing but the connection between two workers: sources on the one, consumers on the other. One consumer stands still from <see cref="Hold"/> to <see cref="Release"/>. What each function of
/// this process has seen is counted.
/// </summary>
public static class Pressure
{
    private static readonly long[] Counts = new long[4];
    private static readonly ManualResetEventSlim Flow = new(initialState: true);

    /// <summary>How many records this process has made and consumed of the stream that is held back, and of its neighbour; and the bytes that are alive in it.</summary>
    public static string Seen => FormattableString.Invariant(
        $"{Volatile.Read(ref Counts[0])} {Volatile.Read(ref Counts[1])} {Volatile.Read(ref Counts[2])} {Volatile.Read(ref Counts[3])} {GC.GetTotalMemory(forceFullCollection: true)}");

    /// <summary>The consumer that is in this process, if it is, stands still.</summary>
    public static void Hold() => Flow.Reset();

    /// <summary>It goes on.</summary>
    public static void Release() => Flow.Set();

    /// <summary>Declares the job.</summary>
    /// <param name="env">The environment.</param>
    /// <param name="rate">How many records a second the neighbour has. The stream that is held back has as many as can be had.</param>
    public static void Build(StreamExecutionEnvironment env, double rate)
    {
        ArgumentNullException.ThrowIfNull(env);
        env.FromGenerator(id => Count(0, id), long.MaxValue).Uid("held").SlotSharingGroup("sources").StartNewChain()
            .Process(() => new Gate()).Uid("gate").SlotSharingGroup("consumers").Blocking()
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

    private sealed class Gate : ProcessFunction<long, long>
    {
        public override void ProcessElement(long value, ProcessContext context, Collector<long> output)
        {
            Flow.Wait();
            Count(1, value);
            output.Collect(value);
        }
    }
}
