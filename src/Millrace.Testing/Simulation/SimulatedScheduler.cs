using Millrace.Runtime.Tasks;

namespace Millrace.Testing.Simulation;

/// <summary>
/// Runs actors on the calling thread, in virtual time, in an order that a seed decides. The same seed gives the same run.
/// </summary>
internal sealed class SimulatedScheduler : ITaskScheduler
{
    private static readonly DateTimeOffset Start = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly Lock _lock = new();
    private readonly List<Step> _runnable = [];
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

    /// <summary>
    /// Asked before an actor runs: how long it is kept from running, because the machine has something else to do. <see langword="null"/> for never.
    /// </summary>
    public Func<Actor, TimeSpan>? Stall { get; set; }

    /// <summary>The process that does something now; <see langword="null"/> between two steps.</summary>
    public SimulatedProcess? Current { get; private set; }

    /// <summary>What is runnable now, for people: where a run hangs.</summary>
    public IReadOnlyList<string> Runnable
    {
        get
        {
            lock (_lock)
            {
                return [.. _runnable.Select(step => step.Actor?.Description ?? step.Description ?? "")];
            }
        }
    }

    public void Enqueue(Actor actor) => Enqueue(actor, null);

    /// <summary>Begins a process of its own, which can be killed.</summary>
    /// <param name="name">Names it in the log.</param>
    public SimulatedProcess StartProcess(string name) => new(this, name);

    /// <summary>Does work as a step of its own after some time, and tells after some more how it went.</summary>
    /// <param name="description">The work, for people.</param>
    /// <param name="work">May block and throw.</param>
    /// <param name="done">Gets the error, if there was one.</param>
    public void RunInBackground(string description, Action work, Action<Exception?> done) => RunInBackground(null, description, work, done);

    public void Cancel(CancellationTokenSource source) => source.Cancel();

    public void Abandon(Actor actor)
    {
    }

    public string CaptureStack(Actor actor) => "   (simulated: an actor that does not end is not running)";

    /// <summary>Runs until nothing is runnable, without moving the clock to later timers.</summary>
    public void RunUntilIdle()
    {
        using var alone = new NoContext();
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
        using var alone = new NoContext();
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

    internal void Enqueue(Actor actor, SimulatedProcess? process) => Add(new Step(actor, null, null, process));

    internal void RunInBackground(SimulatedProcess? process, string description, Action work, Action<Exception?> done) =>
        After(process, description, () =>
        {
            Exception? failure = null;
            try
            {
                work();
            }
            catch (Exception error)
            {
                failure = error;
            }

            After(process, description, () => done(failure));
        });

    /// <summary>Forgets what a process that was killed wanted to do.</summary>
    internal void Drop(SimulatedProcess process)
    {
        lock (_lock)
        {
            _runnable.RemoveAll(step => step.Process == process);
        }
    }

    /// <summary>A step of its own, after the time that things take in the background.</summary>
    private void After(SimulatedProcess? process, string description, Action action)
    {
        var delay = process?.BackgroundDelay?.Invoke() ?? TimeSpan.FromMicroseconds(_random.Next(1_000));
        _ = (process?.TimeProvider ?? Time).CreateTimer(_ => Add(new Step(null, action, description, process)), null, delay, Timeout.InfiniteTimeSpan);
    }

    private void Add(Step step)
    {
        lock (_lock)
        {
            if (step.Process is not { IsAlive: false })
            {
                _runnable.Add(step);
            }
        }
    }

    // Methods of their own: the closures would be allocated for every step.
    private void HoldIn(SimulatedProcess process, Step step) => process.Hold(() => Add(step));

    private void AddLater(Step step, TimeSpan pause) => Time.CreateTimer(_ => Add(step), null, pause, Timeout.InfiniteTimeSpan);

    private bool RunNext()
    {
        Step step;
        lock (_lock)
        {
            if (_runnable.Count == 0)
            {
                return false;
            }

            int index = _random.Next(_runnable.Count);
            step = _runnable[index];
            _runnable[index] = _runnable[^1];
            _runnable.RemoveAt(_runnable.Count - 1);
        }

        if (step.Process is { IsFrozen: true } frozen)
        {
            HoldIn(frozen, step);
            return true;
        }

        if (step.Actor is { } stalled && Stall?.Invoke(stalled) is { Ticks: > 0 } pause)
        {
            AddLater(step, pause);
            return true;
        }

        Steps++;
        Current = step.Process;
        try
        {
            if (step.Actor is not { } actor)
            {
                step.Action!();
            }
            else if (actor.RunOnce())
            {
                Add(step);
            }
        }
        catch (SimulatedCrashException) when (step.Process is { IsAlive: false })
        {
            // It crashed in the middle of what it did.
        }
        finally
        {
            Current = null;
        }

        // Timers whose time has come while the actor worked.
        Time.FireDue();
        return true;
    }

    /// <summary>
    /// Takes the synchronization context of a test framework away for a while: where there is one, what awaits is not continued by whoever completes what it awaits, but on
    /// another thread, and there would be a second one in the simulation.
    /// </summary>
    private readonly struct NoContext : IDisposable
    {
        private readonly SynchronizationContext? _before = SynchronizationContext.Current;

        public NoContext() => SynchronizationContext.SetSynchronizationContext(null);

        public void Dispose() => SynchronizationContext.SetSynchronizationContext(_before);
    }

    /// <summary>Something that can happen next: a run of an actor, or an action.</summary>
    private readonly record struct Step(Actor? Actor, Action? Action, string? Description, SimulatedProcess? Process);
}
