namespace Millrace.Runtime.Exchange.Remote;

/// <summary>
/// A connection between two workers for one execution of a job: whole frames, in order, none lost or doubled until it breaks. All channels
/// between the two share it. What carries the bytes (a socket, a simulated wire) is the implementation's business.
/// </summary>
internal interface IDataConnection
{
    /// <summary>Where the connection leads, for people: for example the addresses of both ends.</summary>
    string Description { get; }

    /// <summary>
    /// Begins to deliver. What arrives earlier waits, and a break that happened earlier is told now: the other worker may be ready first.
    /// Called once.
    /// </summary>
    void Start(IDataConnectionListener listener);

    /// <summary>
    /// Sends a frame, and takes it. Never blocks: credits bound what can be under way. On a broken connection the frame is dropped. Safe to
    /// call from any thread; frames of one thread stay in order.
    /// </summary>
    void Send(FrameBuffer frame);

    /// <summary>Ends the connection; both ends are told. Safe to call from any thread, from within a callback, and again.</summary>
    void Break(Exception cause);
}

/// <summary>Hears what a connection delivers. Calls come one at a time, except that a break may be told from within <see cref="IDataConnection.Break"/>.</summary>
internal interface IDataConnectionListener
{
    /// <summary>Takes a frame that has arrived, and with it its ownership. Must not block and does not throw.</summary>
    void FrameReceived(FrameBuffer frame);

    /// <summary>The connection is broken for good. No frame follows.</summary>
    void Broken(Exception cause);
}
