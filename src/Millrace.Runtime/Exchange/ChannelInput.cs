using Millrace.Runtime.Tasks;
using Millrace.Runtime.Time;

namespace Millrace.Runtime.Exchange;

/// <summary>
/// The input of a task from the subtasks of others: takes from the channels in turn, keeps the watermark of all of them, and feeds the head of
/// the chain.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed partial class ChannelInput<T> : TaskInput
{
    // How much may wait in front of full channels before less is fed at a time. A function that makes a million records of one must not
    // be given a thousand.
    private const int TolerableWaiting = 8;

    private readonly IReceiver<T> _head;
    private readonly IChannelReceiver<T>[] _channels;
    private readonly bool[] _passedOver;
    private readonly bool[] _ended;
    private readonly bool[] _closed;
    private readonly WatermarkTracker _tracker;
    private readonly TaskPressure _pressure;
    private readonly int _batchSize;
    private RecordBatch<T>? _batch;
    private int _batchChannel;
    private int _position;
    private int _sliceSize;
    private int _next;
    private int _open;
    private int _notClosed;
    private bool _idle;

    // Delivered one a poll: an operator that is interrupted by backpressure must not be given the next.
    private readonly Queue<ControlElement> _controls = new();

    /// <param name="head">Takes what arrives.</param>
    /// <param name="channels">The channels.</param>
    /// <param name="pressure">The task's.</param>
    /// <param name="batchSize">How many records a batch holds at most.</param>
    /// <param name="barriers">Takes part in checkpoints; null where there are none, and the end of the input is the end of a channel.</param>
    public ChannelInput(IReceiver<T> head, IChannelReceiver<T>[] channels, TaskPressure pressure, int batchSize, ChannelBarriers<T>? barriers = null)
    {
        _head = head;
        _channels = channels;
        _passedOver = new bool[channels.Length];
        _ended = new bool[channels.Length];
        _closed = new bool[channels.Length];
        _tracker = new WatermarkTracker(channels.Length);
        _pressure = pressure;
        _batchSize = batchSize;
        _sliceSize = Math.Min(64, batchSize);
        _open = channels.Length;
        _notClosed = channels.Length;
        if (barriers is not null)
        {
            Connect(barriers);
        }
    }

    public override bool IsClosed => _notClosed == 0;

    public override InputStatus Poll()
    {
        if (_batch is not null)
        {
            FeedSlice();
            return InputStatus.Progress;
        }

        if (_controls.TryDequeue(out var control))
        {
            _head.Control(control);
            return control.Kind == ElementKind.EndOfInput ? InputStatus.Ended : InputStatus.Progress;
        }

        if (_restored.Count > 0)
        {
            FeedRestored();
            return InputStatus.Progress;
        }

        for (int i = 0; i < _channels.Length; i++)
        {
            int channel = _next;
            _next = channel + 1 == _channels.Length ? 0 : channel + 1;
            if (_passedOver[channel] || (_stopsSomewhere && HasReachedBarrier(channel)))
            {
                continue;
            }

            if (_channels[channel].TryReceive(out var element))
            {
                if (_isRecording)
                {
                    Record(channel, in element);
                }

                if (element.Batch is { } batch)
                {
                    _batch = batch;
                    _batchChannel = channel;
                    _position = 0;
                    FeedSlice();
                }
                else
                {
                    Handle(channel, element.Control);
                }

                return InputStatus.Progress;
            }
        }

        return InputStatus.Empty;
    }

    private void FeedSlice()
    {
        var batch = _batch!;
        int left = batch.Count - _position;
        if (_position == 0 && left <= _sliceSize)
        {
            _batch = null;
            _head.Receive(batch);
        }
        else
        {
            int count = Math.Min(left, _sliceSize);
            var slice = BatchPool<T>.Rent(_batchSize);
            slice.Append(batch, _position, count);
            _position += count;
            if (_position == batch.Count)
            {
                _batch = null;
                BatchPool<T>.Return(batch);
            }

            _head.Receive(slice);
        }

        _sliceSize = _pressure.Waiting > TolerableWaiting ? Math.Max(1, _sliceSize / 2) : Math.Min(_batchSize, _sliceSize * 2);
    }

    private void Handle(int channel, in ControlElement element)
    {
        switch (element.Kind)
        {
            case ElementKind.Watermark:
                Announce(_tracker.Advance(channel, element.Value));
                break;
            case ElementKind.Idle:
                Announce(_tracker.SetIdle(channel, element.Value != 0));
                break;
            case ElementKind.EndOfInput:
                EndInput(channel);
                if (_barriers is null)
                {
                    Close(channel);
                }

                break;
            case ElementKind.Barrier:
                _barriers!.Handler.Arrived(_firstChannel + channel, element.Checkpoint!, _barriers.Now());
                break;
            case ElementKind.Closed:
                Close(channel);
                _barriers?.Handler.Closed(_firstChannel + channel);
                break;
            default:
                _controls.Enqueue(element);
                break;
        }
    }

    private void EndInput(int channel)
    {
        if (_ended[channel])
        {
            return;
        }

        _ended[channel] = true;
        _open--;
        Announce(_tracker.End(channel));
        if (_open == 0)
        {
            _controls.Enqueue(ControlElement.EndOfInput);
        }
    }

    private void Close(int channel)
    {
        if (!_closed[channel])
        {
            _closed[channel] = true;
            _passedOver[channel] = true;
            _notClosed--;
        }
    }

    private void Announce(bool watermarkMoved)
    {
        if (_idle && !_tracker.IsIdle)
        {
            _idle = false;
            _controls.Enqueue(ControlElement.Idle(false));
        }

        if (watermarkMoved)
        {
            _controls.Enqueue(ControlElement.Watermark(_tracker.Watermark));
        }

        if (!_idle && _tracker.IsIdle)
        {
            _idle = true;
            _controls.Enqueue(ControlElement.Idle(true));
        }
    }
}
