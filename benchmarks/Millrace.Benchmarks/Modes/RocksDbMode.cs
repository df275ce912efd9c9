using System.Diagnostics;
using System.Globalization;
using System.IO.Hashing;
using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Benchmarks.Harness;
using Millrace.Benchmarks.Parts;
using Millrace.Connectors;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.State.Heap;
using Millrace.Runtime.State.Keyed;
using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Benchmarks.Modes;

/// <summary>Measures keyed state in RocksDB: a working set in the cache against heap state, then state larger than the memory that it may use, then checkpoints.</summary>
internal sealed class RocksDbMode(TextWriter output)
{
    private const int Batch = 256;
    private const int MaxParallelism = 128;
    private readonly SerializerProvider _serializers = new(new SerializerRegistry());

    /// <param name="keys">How many keys the large state has.</param>
    /// <param name="budget">The memory budget, in bytes.</param>
    public async Task RunAsync(int keys, long budget)
    {
        await LargeAsync(keys, budget).ConfigureAwait(false);
        await InCacheAsync().ConfigureAwait(false);
        await JobsAsync().ConfigureAwait(false);
    }

    private async Task InCacheAsync()
    {
        const int Hot = 100_000;
        await output.WriteLineAsync("working set of 100,000 keys, in the cache (million operations a second)").ConfigureAwait(false);
        using var heap = new HeapKeyedStateBackend<long>(new KeyGroupRange(0, MaxParallelism), MaxParallelism, _serializers.Get<long>(), _serializers.GetHasher<long>());
        var heapTable = heap.CreateTable(Descriptor());
        using var rocks = new RocksDbStateBackend().CreateKeyedState(Context());
        var rocksTable = rocks.CreateTable(Descriptor());
        await ReportAsync("  GetOrAdd: heap", Best(() => Touch(heap, heapTable, Hot))).ConfigureAwait(false);
        await ReportAsync("  GetOrAdd: RocksDB", Best(() => Touch(rocks, rocksTable, Hot))).ConfigureAwait(false);
        await ReportAsync("  Peek: heap", Best(() => Look(heap, heapTable, Hot))).ConfigureAwait(false);
        await ReportAsync("  Peek: RocksDB", Best(() => Look(rocks, rocksTable, Hot))).ConfigureAwait(false);
    }

    private async Task LargeAsync(int keys, long budget)
    {
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{keys:N0} keys of 8 bytes with values of 16, budget {budget >> 20} MB, batches of {Batch}")).ConfigureAwait(false);
        var backend = new RocksDbStateBackend(new RocksDbOptions { MemoryBudget = budget });
        using var state = backend.CreateKeyedState(Context());
        var table = state.CreateTable(new StateTableDescriptor<VoidNamespace, Event>(
            "totals", KeyedStateKind.Value, VoidNamespaceSerializer.Instance, null, new ValueStateSerializer<Event>(_serializers.Get<Event>())));
        var random = new Random(1);
        await ReportAsync("  insert", Run(state, table, keys, i => (i * 0x9E37_79B9_7F4AL) & long.MaxValue)).ConfigureAwait(false);
        int updates = Math.Min(keys, 1_000_000);
        await ReportAsync("  update, 90 % to 1 % of the keys", Run(state, table, 4 * updates, _ => KeyOf(random.Next(10) > 0 ? random.Next(keys / 100) : random.Next(keys)))).ConfigureAwait(false);
        await ReportAsync("  update, all keys alike", Run(state, table, updates, _ => KeyOf(random.Next(keys)))).ConfigureAwait(false);

        var target = new CountingTarget();
        for (int checkpoint = 1; checkpoint <= 4; checkpoint++)
        {
            long started = Stopwatch.GetTimestamp();
            var frozen = state.Freeze(checkpoint);
            double pause = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            target.Begin();
            var writing = Task.Run(() =>
            {
                using (frozen)
                {
                    frozen.WriteNative(target, CancellationToken.None);
                }
            });
            long busy = Stopwatch.GetTimestamp();
            double longest = 0;
            long done = 0;
            while (!writing.IsCompleted)
            {
                long batch = Stopwatch.GetTimestamp();
                Run(state, table, Batch, _ => KeyOf(random.Next(10) > 0 ? random.Next(keys / 100) : random.Next(keys)));
                longest = Math.Max(longest, Stopwatch.GetElapsedTime(batch).TotalMilliseconds);
                done += Batch;
            }

            double seconds = Stopwatch.GetElapsedTime(busy).TotalSeconds;
            await writing.ConfigureAwait(false);
            state.CheckpointCompleted(checkpoint);
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"  checkpoint {checkpoint}: pause {pause:F2} ms, then written in {seconds * 1000:F0} ms with {done / seconds / 1e6:F2} M updates/s beside, longest batch {longest:F0} ms; {target.Bytes / 1e6:F1} MB uploaded of {target.Total / 1e6:F1} MB")).ConfigureAwait(false);
            await ReportAsync("    update, 90 % to 1 % of the keys", Run(state, table, updates / 4, _ => KeyOf(random.Next(10) > 0 ? random.Next(keys / 100) : random.Next(keys)))).ConfigureAwait(false);
        }

        // Alone, after exactly so much has changed: what an incremental checkpoint has to upload.
        Upload(state, target, 5);
        Run(state, table, keys / 100, KeyOf);
        Upload(state, target, 6);
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"  checkpoint after a change of 1 % of the keys: {target.Bytes / 1e6:F1} MB uploaded of {target.Named / 1e6:F1} MB")).ConfigureAwait(false);

        using var process = Process.GetCurrentProcess();
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"  {table.Count:N0} entries; object cache {backend.Budget.Used >> 20} MB, native cache {backend.Memory!.Usage >> 20} MB, GC heap {GC.GetTotalMemory(false) >> 20} MB of {GC.GetGCMemoryInfo().TotalCommittedBytes >> 20} MB, resident {process.WorkingSet64 >> 20} MB, at most {process.PeakWorkingSet64 >> 20} MB")).ConfigureAwait(false);

        // What is left is in use: the difference is what the runtime has kept of freed memory.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        process.Refresh();
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"  after a full collection: GC heap {GC.GetTotalMemory(false) >> 20} MB, resident {process.WorkingSet64 >> 20} MB")).ConfigureAwait(false);

        static long KeyOf(int i) => (i * 0x9E37_79B9_7F4AL) & long.MaxValue;
    }

    private static void Upload(KeyedStateBackend<long> state, CountingTarget target, long checkpoint)
    {
        target.Begin();
        using (var frozen = state.Freeze(checkpoint))
        {
            target.Named = frozen.WriteNative(target, CancellationToken.None)!.Files.Sum(file => file.Length);
        }

        state.CheckpointCompleted(checkpoint);
    }

    private async Task JobsAsync()
    {
        const long Records = 40_000_000;
        await output.WriteLineAsync("job: source, exchange, count of 100,000 keys at parallelism 2").ConfigureAwait(false);
        foreach (StateBackend? backend in new StateBackend?[] { null, new RocksDbStateBackend() })
        {
            double best = 0;
            for (int attempt = 0; attempt < 3; attempt++)
            {
                var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2, StateBackend = backend });
                env.FromGenerator(EngineJobs.Make, Records).KeyBy(e => e.Key).Process(() => new CountFunction()).SinkTo(new DiscardSink<Event>());
                long started = Stopwatch.GetTimestamp();
                await env.ExecuteAsync("count").ConfigureAwait(false);
                best = Math.Max(best, Records / Stopwatch.GetElapsedTime(started).TotalSeconds);
            }

            await ReportAsync(backend is null ? "  heap" : "  RocksDB", best).ConfigureAwait(false);
        }
    }

    private static double Touch(KeyedStateBackend<long> state, KeyedStateTable<long, VoidNamespace, long> table, int keys)
    {
        const int Operations = 10_000_000;
        long started = Stopwatch.GetTimestamp();
        uint next = 1;
        for (int i = 0; i < Operations; i++)
        {
            next = (next * 1664525) + 1013904223;
            long key = (next >> 8) % keys;
            table.GetOrAdd(in key, state.HashOf(in key), default, out _)++;
        }

        return Operations / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static double Look(KeyedStateBackend<long> state, KeyedStateTable<long, VoidNamespace, long> table, int keys)
    {
        const int Operations = 10_000_000;
        long started = Stopwatch.GetTimestamp();
        uint next = 1;
        long sum = 0;
        for (int i = 0; i < Operations; i++)
        {
            next = (next * 1664525) + 1013904223;
            long key = (next >> 8) % keys;
            sum += table.Peek(in key, state.HashOf(in key), default);
        }

        GC.KeepAlive(sum);
        return Operations / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static double Best(Func<double> measure) => Enumerable.Range(0, 5).Max(_ => measure());

    /// <summary>Adds to the entries of many keys, batch by batch as operators do.</summary>
    private static double Run(KeyedStateBackend<long> state, KeyedStateTable<long, VoidNamespace, Event> table, int count, Func<int, long> keyOf)
    {
        long started = Stopwatch.GetTimestamp();
        long[] keys = new long[Batch];
        ulong[] hashes = new ulong[Batch];
        for (int done = 0; done < count; done += Batch)
        {
            for (int i = 0; i < Batch; i++)
            {
                keys[i] = keyOf(done + i);
                hashes[i] = state.HashOf(in keys[i]);
            }

            state.Prefetch(keys, hashes);
            for (int i = 0; i < Batch; i++)
            {
                ref var total = ref table.GetOrAdd(in keys[i], hashes[i], default, out _);
                total = new Event(total.Key + 1, total.Value + i);
            }
        }

        return count / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private KeyedStateContext<long> Context() =>
        new("benchmark", "operator", "uid", 0, new KeyGroupRange(0, MaxParallelism), MaxParallelism, _serializers.Get<long>(), _serializers.GetHasher<long>(), NullLogger.Instance);

    private StateTableDescriptor<VoidNamespace, long> Descriptor() =>
        new("counts", KeyedStateKind.Value, VoidNamespaceSerializer.Instance, null, new ValueStateSerializer<long>(_serializers.Get<long>()));

    private Task ReportAsync(string name, double perSecond)
    {
        using var process = Process.GetCurrentProcess();
        return output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{name,-40} {perSecond / 1e6,8:F2} M/s   resident {process.WorkingSet64 >> 20,5} MB"));
    }

    /// <summary>Reads the files as an upload would, and counts their bytes.</summary>
    private sealed class CountingTarget : NativeSnapshotTarget
    {
        private readonly HashSet<string> _seen = [];

        public override long CheckpointId => 1;

        public override bool MayShare => true;

        public long Bytes { get; private set; }

        public long Total { get; private set; }

        /// <summary>The size of all files of the last snapshot.</summary>
        public long Named { get; set; }

        public void Begin() => Bytes = 0;

        public override StateFile Upload(string localPath, string name, bool isShared, CancellationToken cancellationToken)
        {
            var hash = new XxHash3();
            using var stream = File.OpenRead(localPath);
            hash.Append(stream);
            Bytes += stream.Length;
            Total += _seen.Add(name) ? stream.Length : 0;
            return new StateFile(name, name, stream.Length, hash.GetCurrentHashAsUInt64());
        }
    }
}
