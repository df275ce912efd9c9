using System.Collections.Concurrent;

namespace Millrace.Tests.Jobs;

/// <summary>Counts what is opened and closed, remembers threads, and throws where it is told to.</summary>
/// <param name="fault">Where.</param>
/// <param name="onThreads">Whether the job runs on threads of its own.</param>
internal sealed class Probe(FaultPoint fault, bool onThreads)
{
    /// <summary>What comes after the first await of a sink is on the threads that the sink chose.</summary>
    private static readonly FaultPoint[] SinksOwn =
        [FaultPoint.SinkFlush, FaultPoint.SinkPrepare, FaultPoint.SinkCommit, FaultPoint.SinkWriterClose, FaultPoint.SinkCommitterClose];

    private readonly ConcurrentDictionary<object, int> _open = new(ReferenceEqualityComparer.Instance);
    private readonly ConcurrentDictionary<Thread, byte> _threads = new();

    public FaultPoint Fault => fault;

    /// <summary>What was thrown; the first of them is what the job must report.</summary>
    public ConcurrentQueue<InvalidOperationException> Thrown { get; } = new();

    public ConcurrentQueue<string> Wrong { get; } = new();

    /// <summary>The engine's threads that user code was on.</summary>
    public IReadOnlyCollection<Thread> Threads => [.. _threads.Keys];

    public int Opened => _open.Count;

    public void Open(object function)
    {
        if (!_open.TryAdd(function, 0))
        {
            Wrong.Enqueue($"{function} was opened twice.");
        }
    }

    public void Close(object function)
    {
        if (!_open.TryGetValue(function, out int closed) || closed > 0)
        {
            Wrong.Enqueue($"{function} was closed without being open.");
        }

        _open[function] = closed + 1;
    }

    /// <summary>User code of the data path is here.</summary>
    public void At(FaultPoint point)
    {
        // In a simulation everything is on the test's own thread.
        if (onThreads)
        {
            CheckThread(point);
        }

        if (point == fault)
        {
            var error = new InvalidOperationException($"boom at {point}");
            Thrown.Enqueue(error);
            throw error;
        }
    }

    private void CheckThread(FaultPoint point)
    {
        var thread = Thread.CurrentThread;
        if (SinksOwn.Contains(point))
        {
            return;
        }

        _threads.TryAdd(thread, 0);
        if (thread.IsThreadPoolThread || !thread.Name!.StartsWith("millrace", StringComparison.Ordinal))
        {
            Wrong.Enqueue($"{point} was on thread '{thread.Name}'.");
        }
    }

    public void AssertAllClosedOnce()
    {
        Assert.Empty(Wrong);
        Assert.All(_open, pair => Assert.True(pair.Value == 1, $"{pair.Key} was closed {pair.Value} times."));
    }
}
