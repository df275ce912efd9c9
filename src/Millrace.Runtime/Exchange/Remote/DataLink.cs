using System.Diagnostics;
using Millrace.Serialization;

namespace Millrace.Runtime.Exchange.Remote;

/// <summary>
/// A worker's end of the connection to one other worker: hands frames to their channels, refuses those that cannot be meant for them, and fails
/// the subtasks at its channels when the connection breaks.
/// </summary>
internal sealed class DataLink : IDataConnectionListener
{
    private readonly IDataConnection _connection;
    private readonly string _worker;
    private readonly string _other;
    private readonly Action<MillraceException>? _broken;
    private readonly Dictionary<ChannelId, RemoteSender> _senders = [];
    private readonly Dictionary<ChannelId, RemoteReceiver> _receivers = [];
    private bool _started;
    private int _isBroken;

    /// <param name="connection">The connection.</param>
    /// <param name="worker">This worker, for people.</param>
    /// <param name="other">The other one.</param>
    /// <param name="epoch">The attempt of the job.</param>
    /// <param name="broken">Hears, once, why the connection broke. Called on any thread.</param>
    public DataLink(IDataConnection connection, string worker, string other, ulong epoch, Action<MillraceException>? broken)
    {
        _connection = connection;
        _worker = worker;
        _other = other;
        Epoch = epoch;
        _broken = broken;
    }

    /// <summary>Whether barriers may follow the end of a channel's input, so that it ends with <see cref="FrameKind.Closed"/>.</summary>
    public bool BarriersFollowTheEnd { get; init; }

    public ulong Epoch { get; }

    public bool IsBroken => Volatile.Read(ref _isBroken) != 0;

    private string Name => $"The connection between worker '{_worker}' and worker '{_other}' ({_connection.Description})";

    /// <summary>Makes a channel known. Before <see cref="Start"/>: a frame of a channel that is not known breaks the connection.</summary>
    public void Add(RemoteSender sender)
    {
        Debug.Assert(!_started, "Channels are opened before the connection delivers.");
        _senders.Add(sender.Id, sender);
    }

    /// <inheritdoc cref="Add(RemoteSender)"/>
    public void Add(RemoteReceiver receiver)
    {
        Debug.Assert(!_started, "Channels are opened before the connection delivers.");
        _receivers.Add(receiver.Id, receiver);
    }

    /// <summary>Grants the first credits, and begins to deliver.</summary>
    public void Start()
    {
        _started = true;
        foreach (var receiver in _receivers.Values)
        {
            receiver.Open();
        }

        _connection.Start(this);
    }

    public void Send(FrameBuffer frame) => _connection.Send(frame);

    /// <summary>Breaks the connection because of a frame that cannot be right. Safe to call from any thread.</summary>
    /// <param name="channel">The channel that the frame names; <see langword="null"/> where it cannot be trusted to name one.</param>
    /// <param name="reason">What is wrong; ends a sentence.</param>
    /// <param name="cause">The error that told so.</param>
    public void Refuse(ChannelId? channel, string reason, Exception? cause)
    {
        string of = channel is { } id ? $" of channel {id.Edge} ({id.Producer} → {id.Consumer})" : "";
        var error = new MillraceException(
            "MR5002", $"{Name} was broken by worker '{_worker}' in epoch {Epoch}: a frame{of} was refused: {reason.TrimEnd('.')}.", cause);
        Fail(error);
        _connection.Break(error);
    }

    void IDataConnectionListener.FrameReceived(FrameBuffer frame)
    {
        if (IsBroken)
        {
            frame.Return();
            return;
        }

        ChannelId? channel = null;
        try
        {
            var header = FrameHeader.Read(frame.Bytes);
            channel = header.Channel;
            Dispatch(header, frame);
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException)
        {
            frame.Return();
            Refuse(channel, error.Message, error);
        }
    }

    void IDataConnectionListener.Broken(Exception cause) =>
        Fail(new MillraceException("MR5001", $"{Name} broke, says worker '{_worker}': {cause.Message}", cause));

    private void Dispatch(in FrameHeader header, FrameBuffer frame)
    {
        if (header.Epoch != Epoch)
        {
            throw new InvalidDataException($"it belongs to epoch {header.Epoch}");
        }

        if (header.Kind == FrameKind.Message)
        {
            throw new InvalidDataException("it is a message between a coordinator and a worker, which does not belong here");
        }

        if (header.Kind == FrameKind.Credit)
        {
            var sender = _senders.GetValueOrDefault(header.Channel) ?? throw Unknown(header);
            var payload = new BinaryInput(frame.Bytes[FrameHeader.Size..]);
            sender.Grant(header, ref payload);
            frame.Return();
        }
        else if (header.Kind == FrameKind.Announcement)
        {
            var receiver = _receivers.GetValueOrDefault(header.Channel) ?? throw Unknown(header);
            var payload = new BinaryInput(frame.Bytes[FrameHeader.Size..]);
            receiver.Announced(header, ControlCodec.ReadBarrier(ref payload, receiver.Now));
            frame.Return();
        }
        else
        {
            var receiver = _receivers.GetValueOrDefault(header.Channel) ?? throw Unknown(header);
            receiver.Accept(header, frame);
        }
    }

    private static InvalidDataException Unknown(in FrameHeader header) => new($"the two workers share no such channel for frames of kind {header.Kind}");

    private void Fail(MillraceException error)
    {
        if (Interlocked.Exchange(ref _isBroken, 1) != 0)
        {
            return;
        }

        foreach (var receiver in _receivers.Values)
        {
            receiver.Fail(error);
        }

        foreach (var sender in _senders.Values)
        {
            sender.Fail(error);
        }

        _broken?.Invoke(error);
    }
}
