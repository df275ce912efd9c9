using System.Threading.Channels;
using Millrace.Runtime.Exchange.Remote;

namespace Millrace.Cluster.Tests.DataPlane;

/// <summary>Keeps what a connection delivers, and sees to it that the rules of <see cref="IDataConnectionListener"/> are kept.</summary>
internal sealed class Recorder : IDataConnectionListener
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Channel<byte[]> _frames = Channel.CreateUnbounded<byte[]>();
    private readonly TaskCompletionSource<Exception> _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _calls;

    /// <summary>What the connection did that none may.</summary>
    public string? Offence { get; private set; }

    /// <summary>Runs when a frame arrives, on the connection's turn.</summary>
    public Action<byte[]>? Received { get; set; }

    /// <summary>Runs when the connection is broken, on the connection's turn.</summary>
    public Action? Broke { get; set; }

    public bool IsBroken => _broken.Task.IsCompleted;

    /// <summary>The next frame.</summary>
    public async Task<byte[]> NextAsync() => await _frames.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    /// <summary>Why the connection broke, when it has.</summary>
    public async Task<Exception> BreakAsync()
    {
        var cause = await _broken.Task.WaitAsync(Patience);
        Assert.Null(Offence);
        return cause;
    }

    /// <summary>How many frames have not been looked at.</summary>
    public int Left => _frames.Reader.Count;

    void IDataConnectionListener.FrameReceived(FrameBuffer frame)
    {
        Enter();
        byte[] bytes = frame.Bytes.ToArray();
        frame.Return();
        if (IsBroken)
        {
            Offence = "a frame came after the break";
        }

        _frames.Writer.TryWrite(bytes);
        Received?.Invoke(bytes);
        Interlocked.Decrement(ref _calls);
    }

    void IDataConnectionListener.Broken(Exception cause)
    {
        Enter();
        Broke?.Invoke();
        if (!_broken.TrySetResult(cause))
        {
            Offence = "the break was told twice";
        }

        Interlocked.Decrement(ref _calls);
    }

    private void Enter()
    {
        if (Interlocked.Increment(ref _calls) != 1)
        {
            Offence = "two calls came at once";
        }
    }
}
