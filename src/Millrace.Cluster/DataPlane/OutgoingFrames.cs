using System.Threading.Tasks.Sources;
using Millrace.Runtime.Exchange.Remote;

namespace Millrace.Cluster.DataPlane;

/// <summary>
/// Frames on their way to the loop that writes them. Many threads add, without ever waiting for the socket; one loop takes all that there are. Credits of the layer
/// above bound how many there can be.
/// </summary>
internal sealed class OutgoingFrames : IValueTaskSource<bool>
{
    private readonly Lock _lock = new();

    // Whoever adds a frame must not become the one who writes it.
    private ManualResetValueTaskSourceCore<bool> _signal = new() { RunContinuationsAsynchronously = true };
    private List<FrameBuffer> _queued = [];
    private List<FrameBuffer> _taken = [];
    private bool _waits;
    private bool _closed;

    /// <summary>Adds a frame and takes it; drops it when closed.</summary>
    public void Add(FrameBuffer frame)
    {
        bool wake = false;
        bool drop;
        lock (_lock)
        {
            drop = _closed;
            if (!drop)
            {
                _queued.Add(frame);
                wake = _waits;
                _waits = false;
            }
        }

        if (drop)
        {
            frame.Return();
        }
        else if (wake)
        {
            _signal.SetResult(true);
        }
    }

    /// <summary>Waits until there are frames. One at a time.</summary>
    /// <returns>False when there are none any more, because it is closed.</returns>
    public ValueTask<bool> WaitAsync()
    {
        lock (_lock)
        {
            if (_closed || _queued.Count > 0)
            {
                return ValueTask.FromResult(!_closed);
            }

            _signal.Reset();
            _waits = true;
            return new ValueTask<bool>(this, _signal.Version);
        }
    }

    /// <summary>Takes all frames. The list is the caller's until the next call; it must be empty by then.</summary>
    public List<FrameBuffer> Take()
    {
        lock (_lock)
        {
            (_queued, _taken) = (_taken, _queued);
            return _taken;
        }
    }

    /// <summary>Gives frames that wait back to their pool, and takes no more.</summary>
    public void Close()
    {
        bool wake;
        lock (_lock)
        {
            _closed = true;
            foreach (var frame in _queued)
            {
                frame.Return();
            }

            _queued.Clear();
            wake = _waits;
            _waits = false;
        }

        if (wake)
        {
            _signal.SetResult(false);
        }
    }

    bool IValueTaskSource<bool>.GetResult(short token) => _signal.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _signal.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _signal.OnCompleted(continuation, state, token, flags);
}
