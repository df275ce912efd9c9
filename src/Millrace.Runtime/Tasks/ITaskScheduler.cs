namespace Millrace.Runtime.Tasks;

/// <summary>
/// Runs actors. The engine's own threads in production; one thread, a seed and virtual time in tests.
/// </summary>
internal interface ITaskScheduler
{
    /// <summary>The clock; its timers wake actors.</summary>
    TimeProvider TimeProvider { get; }

    /// <summary>Takes an actor that has become runnable. Called by <see cref="Actor.Wake"/>.</summary>
    void Enqueue(Actor actor);

    /// <summary>Cancels a token whose callbacks are user code.</summary>
    void Cancel(CancellationTokenSource source);

    /// <summary>
    /// The thread that runs an actor is lost: user code does not return. Its work goes to another thread.
    /// </summary>
    void Abandon(Actor actor);

    /// <summary>The stack of the thread that runs an actor, for people.</summary>
    string CaptureStack(Actor actor);

    /// <summary>Does work that may block, on a thread that is not an actor's.</summary>
    /// <param name="description">What the work is, for people.</param>
    /// <param name="work">The work.</param>
    /// <param name="done">Called when it is done, with its error if it had one; not on an actor's turn. Must not throw.</param>
    void RunInBackground(string description, Action work, Action<Exception?> done);
}
