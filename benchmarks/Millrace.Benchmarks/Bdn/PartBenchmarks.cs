using BenchmarkDotNet.Attributes;
using Millrace.Benchmarks.Harness;
using Millrace.Benchmarks.Parts;

namespace Millrace.Benchmarks.Bdn;

/// <summary>Owns the parts of a benchmark class. One invocation is a million records; figures are per record.</summary>
public abstract class PartBenchmarks
{
    /// <summary>Records an invocation.</summary>
    protected const int Records = 1 << 20;

    private readonly List<Part> _parts = [];

    /// <summary>Gives the parts back.</summary>
    [GlobalCleanup]
    public void Cleanup()
    {
        foreach (var part in _parts)
        {
            part.Dispose();
        }

        _parts.Clear();
    }

    private protected T Own<T>(T part)
        where T : Part
    {
        _parts.Add(part);
        return part;
    }
}

/// <summary>map → filter → map: by hand, as operators, as a job.</summary>
public class StatelessBenchmarks : PartBenchmarks
{
    private Part _loop = null!;
    private Part _operators = null!;
    private Part _job = null!;

    /// <summary>Makes the parts.</summary>
    [GlobalSetup]
    public void Setup() => (_loop, _operators, _job) = (Own(new HandWrittenLoop()), Own(new StatelessOperators()), Own(EngineJobs.Stateless(1)));

    /// <summary>The baseline.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Records)]
    public Task HandWrittenLoop() => _loop.RunAsync(Records);

    /// <summary>Operators driven directly.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public Task Operators() => _operators.RunAsync(Records);

    /// <summary>Through the embedded engine, starting and ending a job included.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public Task EmbeddedJob() => _job.RunAsync(Records);
}

/// <summary>A hash exchange of 40-byte records on local channels.</summary>
public class ExchangeBenchmarks : PartBenchmarks
{
    private Part _byHand = null!;
    private Part _one = null!;
    private Part _two = null!;

    /// <summary>Makes the parts.</summary>
    [GlobalSetup]
    public void Setup() => (_byHand, _one, _two) = (Own(new HandWrittenPartition()), Own(new HashExchange(1)), Own(new HashExchange(2)));

    /// <summary>The baseline: hashing and copying on one thread.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Records)]
    public Task HashAndCopyByHand() => _byHand.RunAsync(Records);

    /// <summary>One producer, one consumer.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public Task OneToOne() => _one.RunAsync(Records);

    /// <summary>Two producers, two consumers.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public Task TwoToTwo() => _two.RunAsync(Records);
}

/// <summary>Keyed aggregation in heap state against a dictionary by reference.</summary>
public class KeyedBenchmarks : PartBenchmarks
{
    private Part _dictionary = null!;
    private Part _count = null!;
    private Part _reduce = null!;

    /// <summary>How many keys.</summary>
    [Params(1_000, 100_000, 2_000_000)]
    public long Keys { get; set; }

    /// <summary>Makes the parts.</summary>
    [GlobalSetup]
    public void Setup() => (_dictionary, _count, _reduce) = (Own(new DictionaryCount(Keys)), Own(new KeyedCount(Keys)), Own(new KeyedReduce(Keys)));

    /// <summary>The baseline.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Records)]
    public Task DictionaryByReference() => _dictionary.RunAsync(Records);

    /// <summary>A process function that counts in value state.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public Task Count() => _count.RunAsync(Records);

    /// <summary>A rolling reduction.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public Task Reduce() => _reduce.RunAsync(Records);
}

/// <summary>Windows of one slide and of many, over a dense stream.</summary>
public class WindowBenchmarks : PartBenchmarks
{
    private Part _dictionary = null!;
    private Part _windows = null!;

    /// <summary>Size ÷ slide; 1 for tumbling windows.</summary>
    [Params(1, 10, 100, 1000)]
    public int SlidesPerWindow { get; set; }

    /// <summary>Makes the parts.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var density = new Density(Keys: 64, RecordsPerSlide: 16 * 1024);
        (_dictionary, _windows) = (Own(new DictionaryWindows(density)), Own(new SliceWindows(density, SlidesPerWindow)));
    }

    /// <summary>The baseline: tumbling windows in a dictionary.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Records)]
    public Task TumblingDictionary() => _dictionary.RunAsync(Records);

    /// <summary>The window operator.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public Task Windows() => _windows.RunAsync(Records);
}
