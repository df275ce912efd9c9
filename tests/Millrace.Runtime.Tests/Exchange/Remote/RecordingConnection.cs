using Millrace.Runtime.Exchange.Remote;

namespace Millrace.Runtime.Tests.Exchange.Remote;

/// <summary>A connection that leads nowhere: keeps what is sent, and lets the test say what arrives.</summary>
internal sealed class RecordingConnection : IDataConnection
{
    private IDataConnectionListener? _listener;

    public List<byte[]> Sent { get; } = [];

    public Exception? BrokenBy { get; private set; }

    public string Description => "test";

    public void Start(IDataConnectionListener listener) => _listener = listener;

    public void Send(FrameBuffer frame)
    {
        Sent.Add(frame.Bytes.ToArray());
        frame.Return();
    }

    public void Break(Exception cause)
    {
        if (BrokenBy is null)
        {
            BrokenBy = cause;
            _listener!.Broken(cause);
        }
    }

    public void Receive(ReadOnlySpan<byte> bytes)
    {
        var frame = FrameBuffer.Rent();
        bytes.CopyTo(frame.GetSpan(bytes.Length));
        frame.Advance(bytes.Length);
        _listener!.FrameReceived(frame);
    }
}
