using Millrace.Runtime.Exchange.Remote;
using Millrace.Runtime.Tasks;

namespace Millrace.Testing.Simulation;

/// <summary>
/// Connects workers inside a test. Frames arrive on the scheduler's turn, in order, after delays that a seed decides; connections break and bytes
/// change when the test says so.
/// </summary>
internal sealed class SimulatedNetwork(ITaskScheduler scheduler, ulong seed, TimeSpan maxDelay)
{
    private readonly Random _random = new((int)((seed * 0xD6E8_FEB8_6659_FD93) >> 33));

    /// <summary>Connects two workers.</summary>
    public SimulatedConnection Connect(string first, string second) => new(first, scheduler, second, scheduler, new Random(_random.Next()), maxDelay);

    /// <summary>Connects two processes. What is sent to one that is dead is lost.</summary>
    public SimulatedConnection Connect(SimulatedProcess first, SimulatedProcess second) =>
        new(first.Name, first, second.Name, second, new Random(_random.Next()), maxDelay);
}

/// <summary>A connection of a <see cref="SimulatedNetwork"/>: two ends, and a wire in each direction.</summary>
internal sealed class SimulatedConnection
{
    private readonly End _first;
    private readonly End _second;

    public SimulatedConnection(string first, ITaskScheduler firstScheduler, string second, ITaskScheduler secondScheduler, Random random, TimeSpan maxDelay)
    {
        _first = new End($"simulated, {first} to {second}");
        _second = new End($"simulated, {second} to {first}");

        // A wire runs in the process at its end: it delivers to whoever is alive.
        FirstToSecond = _first.Outgoing = new SimulatedWire($"wire from {first} to {second}", secondScheduler, new Random(random.Next()), maxDelay, this);
        SecondToFirst = _second.Outgoing = new SimulatedWire($"wire from {second} to {first}", firstScheduler, new Random(random.Next()), maxDelay, this);
        _first.Incoming = SecondToFirst;
        _second.Incoming = FirstToSecond;
    }

    public IDataConnection First => _first;

    public IDataConnection Second => _second;

    public SimulatedWire FirstToSecond { get; }

    public SimulatedWire SecondToFirst { get; }

    /// <summary>Breaks the connection: what is under way is lost, and each end hears of it on a turn of its own.</summary>
    public void Break(Exception cause)
    {
        FirstToSecond.Break(cause);
        SecondToFirst.Break(cause);
    }

    private sealed class End(string description) : IDataConnection
    {
        public SimulatedWire Outgoing { get; set; } = null!;

        public SimulatedWire Incoming { get; set; } = null!;

        public string Description => description;

        public void Start(IDataConnectionListener listener) => Incoming.Start(listener);

        public void Send(FrameBuffer frame) => Outgoing.Send(frame);

        public void Break(Exception cause)
        {
            Outgoing.Break(new IOException("the other end broke it"));
            Incoming.Break(cause);
        }
    }
}
