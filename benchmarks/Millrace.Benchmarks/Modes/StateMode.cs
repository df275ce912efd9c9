using System.Globalization;
using Millrace.Benchmarks.Harness;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.State.Heap;
using Millrace.Runtime.State.Keyed;
using Millrace.Runtime.State.Snapshots;
using Millrace.State.Backends;

namespace Millrace.Benchmarks.Modes;

/// <summary>
/// What a checkpoint of large heap state costs the data path: how long it stands still, and how much less it does in an interval of ten seconds. The hard case:
/// keys are spread evenly, so that every key group is written to as soon as it is frozen, and nothing but state is done.
/// </summary>
internal sealed class StateMode(TextWriter output)
{
    private const int MaxParallelism = 128;
    private const int Batch = 1024;
    private const int Checkpoints = 3;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    public async Task RunAsync(long entries)
    {
        await output.WriteLineAsync(Machine.Describe()).ConfigureAwait(false);
        await output.WriteLineAsync(
            $"{"",-12} {"entries",11} {"freeze ms",10} {"written s",10} {"MB",6} {"writer MB",10} {"longest ms",11} {"without",8} {"M/s",7} {"without",8} {"loss",7}").ConfigureAwait(false);
        Measure("structs", entries, (ref Payload value) => value.A++);
        Measure("objects", entries / 4, (ref Document value) => (value ??= new Document()).A++);
        Measure("small", entries / 1024, (ref Payload value) => value.A++);
    }

    private delegate void Update<TValue>(ref TValue value);

    private void Measure<TValue>(string name, long entries, Update<TValue> update)
    {
        var serializers = new SerializerProvider(new SerializerRegistry());
        var hasher = serializers.GetHasher<long>();
        var backend = new HeapKeyedStateBackend<long>(new KeyGroupRange(0, MaxParallelism), MaxParallelism, serializers.Get<long>(), hasher);
        using var store = new KeyedStateStore<long>(backend, hasher, serializers);
        var path = new DataPath<TValue>(store, entries, update);
        path.Fill();
        _ = path.Run(TimeSpan.FromSeconds(2), null);
        var without = path.Run(TimeSpan.FromSeconds(5), null);
        for (int checkpoint = 1; checkpoint <= Checkpoints; checkpoint++)
        {
            long start = TimeProvider.System.GetTimestamp();
            var frozen = store.Freeze(checkpoint);
            double freeze = TimeProvider.System.GetElapsedTime(start).TotalMilliseconds;
            var writing = new Writing(frozen);
            var with = path.Run(Interval, writing);
            writing.Join();
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-12} {entries,11:N0} {freeze,10:0.00} {writing.Seconds,10:0.00} {writing.Length / 1e6,6:0} {writing.Allocated / 1e6,10:0.0} {with.LongestMilliseconds,11:0.0} {without.LongestMilliseconds,8:0.0} {with.PerSecond / 1e6,7:0.00} {without.PerSecond / 1e6,8:0.00} {1 - (with.PerSecond / without.PerSecond),7:P1}"));
        }
    }

    /// <summary>What a run of the data path gave.</summary>
    private readonly record struct Figures(double PerSecond, double LongestMilliseconds);

    /// <summary>A frozen state that a thread of its own writes to nowhere.</summary>
    private sealed class Writing
    {
        private readonly Thread _thread;

        public Writing(FrozenKeyedState frozen)
        {
            _thread = new Thread(() =>
            {
                using (frozen)
                {
                    long start = TimeProvider.System.GetTimestamp();
                    long before = GC.GetAllocatedBytesForCurrentThread();
                    var writer = new CanonicalStateWriter(Stream.Null, MaxParallelism);
                    frozen.WriteCanonical(writer, CancellationToken.None);
                    writer.Complete();
                    Length = writer.Length;
                    Allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                    Seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
                }
            })
            { Name = "writer" };
        }

        public double Seconds { get; private set; }

        public long Length { get; private set; }

        public long Allocated { get; private set; }

        public void Start() => _thread.Start();

        public void Join() => _thread.Join();
    }

    /// <summary>Reads and writes the state of evenly spread keys, a batch at a time, as a keyed operator does.</summary>
    private sealed class DataPath<TValue>(KeyedStateStore<long> store, long entries, Update<TValue> update)
    {
        private readonly KeyedStateTable<long, VoidNamespace, TValue> _table = store.Table<VoidNamespace, TValue>("state");
        private readonly long[] _keys = new long[Batch];
        private readonly ulong[] _hashes = new ulong[Batch];
        private long _next;

        public void Fill()
        {
            for (long key = 0; key < entries; key++)
            {
                update(ref _table.GetOrAdd(key, store.HashOf(key), default, out _));
            }
        }

        public Figures Run(TimeSpan duration, Writing? writing)
        {
            var clock = TimeProvider.System;
            long start = clock.GetTimestamp();
            writing?.Start();
            long records = 0;
            long longest = 0;
            long end = start + (long)(duration.TotalSeconds * clock.TimestampFrequency);
            long now = start;
            while (now < end)
            {
                RunBatch();
                records += Batch;
                long then = clock.GetTimestamp();
                longest = Math.Max(longest, then - now);
                now = then;
            }

            return new Figures(records / clock.GetElapsedTime(start, now).TotalSeconds, longest * 1000.0 / clock.TimestampFrequency);
        }

        private void RunBatch()
        {
            for (int i = 0; i < Batch; i++)
            {
                _keys[i] = Scrambled.Below(_next++, entries);
                _hashes[i] = store.HashOf(_keys[i]);
            }

            int ahead = store.PrefetchLength;
            for (int i = 0; i < Batch; i++)
            {
                if (i % ahead == 0 && i + ahead < Batch)
                {
                    store.Prefetch(_keys.AsSpan(i + ahead, ahead), _hashes.AsSpan(i + ahead, ahead));
                }

                update(ref _table.GetOrAdd(_keys[i], _hashes[i], default, out _));
            }
        }
    }

    /// <summary>96 bytes inline.</summary>
    internal record struct Payload(double A, double B, double C, double D, double E, double F, double G, double H, double I, double J, double K, double L);

    /// <summary>The same as an object that is changed in place.</summary>
    internal sealed class Document
    {
        public double A { get; set; }

        public double B { get; set; }

        public double C { get; set; }

        public double D { get; set; }

        public double E { get; set; }

        public double F { get; set; }

        public double G { get; set; }

        public double H { get; set; }

        public double I { get; set; }

        public double J { get; set; }

        public double K { get; set; }

        public double L { get; set; }
    }
}
