using Millrace.Runtime.Exchange.Remote;
using Millrace.Runtime.Tasks;
using Millrace.Serialization;

namespace Millrace.Runtime.Clustering;

/// <summary>One end of the connection between a coordinator and a worker: messages instead of frames. What cannot be a message of the other end breaks it.</summary>
internal sealed class ControlLink : IDataConnectionListener
{
    private readonly IDataConnection _connection;
    private readonly TimeProvider _time;
    private readonly ulong _term;
    private readonly Action<ControlMessage> _received;
    private readonly Action<Exception> _broken;
    private readonly Lock _gate = new();
    private ulong _sent;
    private ulong _taken;
    private int _isBroken;

    /// <param name="connection">The connection; started by <see cref="Start"/>.</param>
    /// <param name="term">The number of the coordinator.</param>
    /// <param name="time">The clock.</param>
    /// <param name="received">Takes messages, one at a time and in order. Must not block or throw.</param>
    /// <param name="broken">Told once, with the cause; no message follows.</param>
    public ControlLink(IDataConnection connection, long term, TimeProvider time, Action<ControlMessage> received, Action<Exception> broken)
    {
        _connection = connection;
        _term = (ulong)term;
        _time = time;
        _received = received;
        _broken = broken;
    }

    public string Description => _connection.Description;

    public bool IsBroken => Volatile.Read(ref _isBroken) != 0;

    public void Start() => _connection.Start(this);

    /// <summary>Sends a message; on a broken connection it is dropped. Safe to call from any thread.</summary>
    /// <exception cref="MillraceException">MR5003: it is longer than a frame can be.</exception>
    public void Send(ControlMessage message)
    {
        var frame = FrameBuffer.Rent();
        try
        {
            FrameHeader.Reserve(frame);
            var output = new BinaryOutput(frame);
            ControlMessageCodec.Write(ref output, message, _time.GetMilliseconds());
            output.Flush();
        }
        catch
        {
            frame.Return();
            throw;
        }

        // Numbers are in the order of sending.
        lock (_gate)
        {
            new FrameHeader(FrameKind.Message, default, _term, _sent++).Seal(frame);
            _connection.Send(frame);
        }
    }

    /// <summary>Ends the connection. Safe to call from any thread, and again.</summary>
    public void Break(Exception cause)
    {
        _connection.Break(cause);
        Fail(cause);
    }

    void IDataConnectionListener.FrameReceived(FrameBuffer frame)
    {
        ControlMessage message;
        try
        {
            if (IsBroken)
            {
                return;
            }

            var header = FrameHeader.Read(frame.Bytes);
            if (header.Kind != FrameKind.Message || header.Epoch != _term || header.Sequence != _taken)
            {
                throw new InvalidDataException($"it is a {header.Kind} with number {header.Sequence} of term {header.Epoch}, where message {_taken} of term {_term} is next");
            }

            _taken++;
            message = ControlMessageCodec.Read(frame.Bytes[FrameHeader.Size..], _time.GetMilliseconds());
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or OverflowException or System.Text.DecoderFallbackException)
        {
            Break(new MillraceException("MR6202", $"{Description} was broken: a message was refused: {error.Message.TrimEnd('.')}.", error));
            return;
        }
        finally
        {
            frame.Return();
        }

        _received(message);
    }

    void IDataConnectionListener.Broken(Exception cause) => Fail(cause);

    private void Fail(Exception cause)
    {
        if (Interlocked.Exchange(ref _isBroken, 1) == 0)
        {
            _broken(cause);
        }
    }
}
