using Millrace.Runtime.Tasks;

namespace Millrace.Testing.Simulation;

/// <summary>
/// Runs actors on the calling thread, in virtual time, in an order that a seed decides. The same seed gives the same run.
/// </summary>
internal sealed class SimulatedScheduler : ITaskScheduler
{
    private static readonly DateTimeOffset Start = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly Lock _lock = new();
    private readonly List<Actor> _runnable = [];
    private readonly Random _random;

    public SimulatedScheduler(ulong seed)
    {
        Seed = seed;
        _random = new Random((int)(seed ^ (seed >> 32)));
        Time = new VirtualTimeProvider(Start, new Random((int)((seed * 0x9E37_79B9_7F4A_7C15) >> 33)));
    }

    public ulong Seed { get; }

    public VirtualTimeProvider Time { get; }

    public TimeProvider TimeProvider => Time;

    /// <summary>How many runs of actors there have been.</summary>
    public long Steps { get; private set; }

    public void Enqueue(Actor actor)
    {
        lock (_lock)
        {
            _runnable.Add(actor);
        }
    }

    public void RunInBackground(string description, Action work, Action<Exception?> done) => new BackgroundWork(this, description, work, done).Wake();

    public void Cancel(CancellationTokenSource source) => source.Cancel();

    public void Abandon(Actor actor)
    {
    }

    public string CaptureStack(Actor actor) => "   (simulated: an actor that does not end is not running)";

    /// <summary>Runs until nothing is runnable, without moving the clock to later timers.</summary>
    public void RunUntilIdle()
    {
        do
        {
            while (RunNext())
            {
            }
        }
        while (Time.FireDue());
    }

    /// <summary>Runs, moving the clock on when nothing is runnable, until a condition holds.</summary>
    /// <param name="condition">Looked at after every step.</param>
    /// <param name="maxSteps">After how many steps the run counts as endless.</param>
    /// <exception cref="InvalidOperationException">Nothing can happen any more, or too much has; the message has the seed.</exception>
    public void RunUntil(Func<bool> condition, long maxSteps = 5_000_000)
    {
        long limit = Steps + maxSteps;
        while (!condition())
        {
            if (Steps >= limit)
            {
                throw new InvalidOperationException($"Seed {Seed}: the condition does not hold after {maxSteps} steps.");
            }

            if (!RunNext() && !Time.AdvanceToNextTimer())
            {
                throw new InvalidOperationException($"Seed {Seed}: nothing is runnable and no timer is set after {Steps} steps, but the condition does not hold.");
            }
        }
    }

    private bool RunNext()
    {
        Actor actor;
        lock (_lock)
        {
            if (_runnable.Count == 0)
            {
                return false;
            }

            int index = _random.Next(_runnable.Count);
            actor = _runnable[index];
            _runnable[index] = _runnable[^1];
            _runnable.RemoveAt(_runnable.Count - 1);
        }

        Steps++;
        if (actor.RunOnce())
        {
            Enqueue(actor);
        }

        // Timers whose time has come while the actor worked.
        Time.FireDue();
        return true;
    }

    /// <summary>A piece of work as an actor: it is done at a moment that the seed decides.</summary>
    private sealed class BackgroundWork(ITaskScheduler scheduler, string description, Action work, Action<Exception?> done) : Actor(scheduler, ActorPlacement.Shared)
    {
        public override string Description => description;

        protected override RunResult Run()
        {
            Exception? error = null;
            try
            {
                work();
            }
            catch (Exception cause)
            {
                error = cause;
            }

            done(error);
            return RunResult.Done;
        }
    }
}
