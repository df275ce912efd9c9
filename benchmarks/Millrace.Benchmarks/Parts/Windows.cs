using System.Runtime.InteropServices;
using Millrace.Benchmarks.Harness;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Windowing;
using Millrace.Windowing;

namespace Millrace.Benchmarks.Parts;

/// <summary>A count and a sum: a struct accumulator.</summary>
internal struct Totals
{
    public long Count;
    public long Sum;
}

/// <summary>Counts and sums.</summary>
internal sealed class TotalsOf : AggregateFunction<Event, Totals, long>
{
    public override Totals CreateAccumulator() => default;

    public override void Add(ref Totals accumulator, Event value)
    {
        accumulator.Count++;
        accumulator.Sum += value.Value;
    }

    public override void Merge(ref Totals target, in Totals source)
    {
        target.Count += source.Count;
        target.Sum += source.Sum;
    }

    public override long GetResult(in Totals accumulator) => accumulator.Sum + accumulator.Count;
}

/// <summary>How dense a stream is: what decides what a window costs beside its records.</summary>
/// <param name="Keys">How many keys.</param>
/// <param name="RecordsPerSlide">How many records between two window ends; a multiple of a batch.</param>
internal readonly record struct Density(long Keys, int RecordsPerSlide);

/// <summary>An hour of event time passes at every slide; records are evenly spread in it.</summary>
internal sealed class TimedFeed
{
    public const long Slide = 3_600_000;
    private readonly Feed<Event> _feed;
    private readonly long[] _offsets;
    private long _slideStart;
    private int _inSlide;

    public TimedFeed(Density density)
    {
        int batches = density.RecordsPerSlide / Feed<Event>.BatchSize;
        _feed = new Feed<Event>(i => KeyedRecords.Make(i, density.Keys), Math.Max(64, batches) * Feed<Event>.BatchSize);
        _offsets = new long[density.RecordsPerSlide];
        for (int i = 0; i < _offsets.Length; i++)
        {
            _offsets[i] = Slide * i / _offsets.Length;
        }
    }

    /// <summary>The next records with their timestamps.</summary>
    /// <returns>Whether they end a slide, and then the watermark that follows.</returns>
    public (RecordBatch<Event> Batch, long? Watermark) Next()
    {
        var batch = _feed.NextBatch();
        var offsets = _offsets.AsSpan(_inSlide, batch.Count);
        var timestamps = batch.Timestamps.AsSpan(0, batch.Count);
        long start = _slideStart;
        for (int i = 0; i < timestamps.Length; i++)
        {
            timestamps[i] = start + offsets[i];
        }

        _inSlide += batch.Count;
        if (_inSlide < _offsets.Length)
        {
            return (batch, null);
        }

        _inSlide = 0;
        _slideStart += Slide;
        return (batch, _slideStart - 1);
    }
}

/// <summary>Tumbling windows by hand: a dictionary that is emptied when the hour is over.</summary>
internal sealed class DictionaryWindows(Density density) : SynchronousPart
{
    private readonly TimedFeed _feed = new(density);
    private readonly Dictionary<long, Totals> _open = [];
    private readonly Counter<long> _counter = new();

    public override void Run(long records)
    {
        for (long done = 0; done < records; done += Feed<Event>.BatchSize)
        {
            var (batch, watermark) = _feed.Next();
            foreach (ref readonly var record in batch.Records)
            {
                ref var totals = ref CollectionsMarshal.GetValueRefOrAddDefault(_open, record.Key, out _);
                totals.Count++;
                totals.Sum += record.Value;
            }

            BatchPool<Event>.Return(batch);
            if (watermark is not null)
            {
                Fire();
            }
        }
    }

    private void Fire()
    {
        var results = BatchPool<long>.Rent(Feed<Event>.BatchSize);
        foreach (var totals in _open.Values)
        {
            results.Add(totals.Sum + totals.Count, 0);
            if (results.Count == results.Capacity)
            {
                _counter.Receive(results);
                results = BatchPool<long>.Rent(Feed<Event>.BatchSize);
            }
        }

        _counter.Receive(results);
        _open.Clear();
    }
}

/// <summary>The window operator, tumbling or sliding; the watermark moves once a slide.</summary>
internal sealed class SliceWindows : SynchronousPart
{
    private readonly TimedFeed _feed;
    private readonly SliceWindowOperator<long, Event, Totals, long> _operator;
    private readonly Counter<long> _results = new();

    /// <param name="density">How dense the stream is.</param>
    /// <param name="slidesPerWindow">Size ÷ slide: 1 for tumbling windows.</param>
    public SliceWindows(Density density, int slidesPerWindow)
    {
        _feed = new TimedFeed(density);
        var slide = TimeSpan.FromMilliseconds(TimedFeed.Slide);
        AlignedWindows windows = slidesPerWindow == 1 ? TumblingEventTimeWindows.Of(slide) : SlidingEventTimeWindows.Of(slide * slidesPerWindow, slide);
        var function = new TotalsOf();
        _operator = OperatorHost.Open(
            new SliceWindowOperator<long, Event, Totals, long>(
                e => e.Key,
                windows,
                new LatePolicy<Event>(0, null),
                new AggregateAggregation<Event, Totals, long>(function),
                new AggregateEmitter<long, TimeWindow, Event, Totals, long>(function),
                function),
            _results);
    }

    public long Results => _results.Count;

    public override void Run(long records)
    {
        for (long done = 0; done < records; done += Feed<Event>.BatchSize)
        {
            var (batch, watermark) = _feed.Next();
            _operator.Receive(batch);
            if (watermark is { } timestamp)
            {
                _operator.Control(ControlElement.Watermark(timestamp));
                while (_operator.IsUnfinished)
                {
                    _operator.Resume();
                }
            }
        }
    }

    public override void Dispose() => _operator.Close();
}
