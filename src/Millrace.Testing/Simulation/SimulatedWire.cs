using System.Diagnostics.CodeAnalysis;
using Millrace.Runtime.Exchange.Remote;
using Millrace.Runtime.Tasks;

namespace Millrace.Testing.Simulation;

/// <summary>One direction of a simulated connection: an actor that delivers frames in order, each some time after it was sent.</summary>
internal sealed class SimulatedWire : Actor
{
    private readonly Random _random;
    private readonly TimeSpan _maxDelay;
    private readonly SimulatedConnection _connection;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private readonly Queue<(long Due, FrameBuffer Frame)> _frames = new();
    private volatile IDataConnectionListener? _listener;
    private long _lastDue;
    private long _heldUntil;
    private volatile Exception? _broken;

    public SimulatedWire(string description, ITaskScheduler scheduler, Random random, TimeSpan maxDelay, SimulatedConnection connection)
        : base(scheduler, ActorPlacement.Control)
    {
        Description = description;
        _random = random;
        _maxDelay = maxDelay;
        _connection = connection;
        _timer = scheduler.TimeProvider.CreateTimer(static state => ((SimulatedWire)state!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public override string Description { get; }

    /// <summary>How many frames have been delivered.</summary>
    public int Delivered { get; private set; }

    /// <summary>
    /// Looks at each frame before it is delivered, with its number, and may change it: the faults of the network.
    /// </summary>
    public Action<int, FrameBuffer>? Disturb { get; set; }

    /// <summary>Breaks the connection instead of delivering the frame with this number.</summary>
    public int? BreakAt { get; set; }

    public void Start(IDataConnectionListener listener)
    {
        lock (_lock)
        {
            _listener = listener;
        }

        Wake();
    }

    public void Send(FrameBuffer frame)
    {
        lock (_lock)
        {
            if (_broken is not null)
            {
                frame.Return();
                return;
            }

            // By the clock that never jumps: the network does not care what time it is on the wall.
            _lastDue = Math.Max(_lastDue, After(_maxDelay * _random.NextDouble()));
            _frames.Enqueue((_lastDue, frame));
        }

        Wake();
    }

    /// <summary>Delivers nothing for a while: what is sent waits, as it does in a network that is divided for less time than connections take to give up.</summary>
    public void HoldFor(TimeSpan span)
    {
        lock (_lock)
        {
            _heldUntil = Math.Max(_heldUntil, After(span));
        }
    }

    public void Break(Exception cause)
    {
        lock (_lock)
        {
            if (_broken is not null)
            {
                return;
            }

            _broken = cause;
            while (_frames.TryDequeue(out var lost))
            {
                lost.Frame.Return();
            }
        }

        Wake();
    }

    protected override RunResult Run()
    {
        while (TryTake(out var frame))
        {
            if (Delivered == BreakAt)
            {
                frame.Return();
                _connection.Break(new IOException("the test broke it"));
                continue;
            }

            Disturb?.Invoke(Delivered, frame);
            Delivered++;
            _listener!.FrameReceived(frame);
        }

        if (_listener is null || _broken is null)
        {
            return RunResult.Wait;
        }

        _timer.Dispose();
        _listener.Broken(_broken);
        return RunResult.Done;
    }

    private long After(TimeSpan span) => Scheduler.TimeProvider.GetTimestamp() + (long)(span.TotalSeconds * Scheduler.TimeProvider.TimestampFrequency);

    /// <summary>Takes the next frame, if its time has come; else sees to it that the actor runs when it has.</summary>
    private bool TryTake([NotNullWhen(true)] out FrameBuffer? frame)
    {
        frame = null;
        lock (_lock)
        {
            if (_listener is null || _broken is not null || !_frames.TryPeek(out var next))
            {
                return false;
            }

            var time = Scheduler.TimeProvider;
            var wait = time.GetElapsedTime(time.GetTimestamp(), Math.Max(next.Due, _heldUntil));
            if (wait > TimeSpan.Zero)
            {
                _timer.Change(wait, Timeout.InfiniteTimeSpan);
                return false;
            }

            frame = _frames.Dequeue().Frame;
            return true;
        }
    }
}
