using System.Buffers;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Connectors;
using Millrace.Runtime.Serialization;
using Millrace.Serialization;

namespace Millrace.Testing;

/// <summary>What the engine counts on in a sink, checked on the sink alone: for whoever writes one.</summary>
/// <remarks>
/// The kit plays random lives of a job: attempts at changing parallelism, some records, checkpoints that become complete and checkpoints that do not, commits that are not made, made, or made twice, and
/// attempts that end without being closed. Of a <see cref="CommittingSink{T, TCommittable}"/> it checks that what is visible at any moment is part of completed checkpoints, nothing twice, and at the end
/// exactly all of them; of any other sink that nothing is missing that was flushed.
/// </remarks>
/// <example>
/// <code>
/// await SinkConformance.CheckExactlyOnceAsync&lt;string, string&gt;(
///     () =&gt;
///     {
///         var server = new FakeServer();
///         return new SinkUnderTest&lt;string&gt;(() =&gt; new ServerSink(server), () =&gt; server.Rows);
///     },
///     record: i =&gt; $"row {i}");
/// </code>
/// </example>
public static class SinkConformance
{
    private static readonly SerializerRegistry Serializers = new();

    /// <summary>Checks a sink that is exactly once.</summary>
    /// <typeparam name="T">The type of the records; compared with its own equality.</typeparam>
    /// <typeparam name="TCommittable">The type of its committables.</typeparam>
    /// <param name="create">Makes a sink with an empty place to write to, for each life of a job. The sinks that it creates are <see cref="CommittingSink{T, TCommittable}"/>s.</param>
    /// <param name="record">Makes the record of a number; another for each.</param>
    /// <param name="options">How much to try; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Complete when all is well.</returns>
    /// <exception cref="ConformanceException">The sink does not do what the engine counts on; the message says with which seed.</exception>
    public static async Task CheckExactlyOnceAsync<T, TCommittable>(
        Func<SinkUnderTest<T>> create, Func<int, T> record, SinkConformanceOptions? options = null, CancellationToken cancellationToken = default)
        where T : notnull
    {
        ArgumentNullException.ThrowIfNull(create);
        ArgumentNullException.ThrowIfNull(record);
        options ??= new SinkConformanceOptions();
        for (int seed = options.FirstSeed; seed < options.FirstSeed + options.Seeds; seed++)
        {
            await new ExactlyOnceLife<T, TCommittable>(create(), record, options, seed).PlayAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Checks a sink that is at least once.</summary>
    /// <typeparam name="T">The type of the records; compared with its own equality.</typeparam>
    /// <param name="create">Makes a sink with an empty place to write to, for each life of a job.</param>
    /// <param name="record">Makes the record of a number; another for each.</param>
    /// <param name="options">How much to try; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Complete when all is well.</returns>
    /// <exception cref="ConformanceException">The sink does not do what the engine counts on; the message says with which seed.</exception>
    public static async Task CheckAtLeastOnceAsync<T>(
        Func<SinkUnderTest<T>> create, Func<int, T> record, SinkConformanceOptions? options = null, CancellationToken cancellationToken = default)
        where T : notnull
    {
        ArgumentNullException.ThrowIfNull(create);
        ArgumentNullException.ThrowIfNull(record);
        options ??= new SinkConformanceOptions();
        for (int seed = options.FirstSeed; seed < options.FirstSeed + options.Seeds; seed++)
        {
            var random = new Random(seed);
            var sink = create();
            int durable = 0;
            for (int attempt = 1, attempts = random.Next(1, 5); attempt <= attempts; attempt++)
            {
                var writer = sink.CreateSink().CreateWriter(Context(0, 1, attempt, null, options));
                for (int checkpoint = random.Next(1, 4); checkpoint > 0; checkpoint--)
                {
                    int count = random.Next(0, 30);
                    await WriteAsync(writer, Enumerable.Range(durable, count), record, random, cancellationToken).ConfigureAwait(false);
                    await writer.FlushAsync(attempt == attempts && checkpoint == 1, cancellationToken).ConfigureAwait(false);
                    writer.SnapshotState(checkpoint);
                    durable += count;
                    var visible = sink.ReadVisible().ToHashSet();
                    if (Enumerable.Range(0, durable).Select(record).FirstOrDefault(expected => !visible.Contains(expected)) is { } missing && !visible.Contains(missing) && durable > 0)
                    {
                        throw new ConformanceException($"Seed {seed}, attempt {attempt}: '{missing}' is not visible although the writer was flushed behind it. A checkpoint counts on it from now on.");
                    }
                }

                // What is written behind the last checkpoint may be visible or not: it comes again.
                await WriteAsync(writer, Enumerable.Range(durable, random.Next(0, 5)), record, random, cancellationToken).ConfigureAwait(false);
                await writer.CloseAsync().ConfigureAwait(false);
            }
        }
    }

    internal static SinkWriterContext Context(int subtask, int parallelism, long epoch, long? restored, SinkConformanceOptions options) =>
        new("job", "sink", "sink-uid", subtask, parallelism, options.TimeProvider, NullLogger.Instance) { Epoch = epoch, RestoredCheckpointId = restored };

    internal static async ValueTask WriteAsync<T>(SinkWriter<T> writer, IEnumerable<int> numbers, Func<int, T> record, Random random, CancellationToken cancellationToken)
    {
        foreach (int[] some in numbers.Chunk(random.Next(1, 20)))
        {
            await writer.WriteAsync(
                new SinkBatch<T>(some.Select(record).ToArray(), some.Select(number => (long)number).ToArray()), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>A committable as it comes out of a checkpoint.</summary>
    internal static TCommittable Again<TCommittable>(TCommittable committable, TypeSerializer<TCommittable>? serializer)
    {
        if (serializer is null && Serializers.WhyNotSerializable<TCommittable>() is { } why)
        {
            throw new ConformanceException($"A committable ({typeof(TCommittable).Name}) cannot be serialized into a checkpoint: {why}");
        }

        serializer ??= Serializers.Get<TCommittable>();
        var buffer = new ArrayBufferWriter<byte>();
        var output = new BinaryOutput(buffer);
        serializer.Write(ref output, in committable);
        output.Flush();
        var input = new BinaryInput(buffer.WrittenSpan);
        return serializer.Read(ref input);
    }

    internal static void MustBe<T>(IEnumerable<T> expected, IEnumerable<T> visible, bool all, string where)
        where T : notnull
    {
        var missing = expected.ToHashSet();
        var seen = new HashSet<T>();
        foreach (var record in visible)
        {
            if (!seen.Add(record))
            {
                throw new ConformanceException($"{where}: '{record}' is visible twice.");
            }

            if (!missing.Remove(record))
            {
                throw new ConformanceException($"{where}: '{record}' is visible, but is in no checkpoint that was completed: a restored job writes it again, or never did.");
            }
        }

        if (all && missing.Count > 0)
        {
            throw new ConformanceException(string.Create(
                CultureInfo.InvariantCulture, $"{where}: {missing.Count} records are not visible (for example '{missing.First()}'), although all commits were made."));
        }
    }
}
