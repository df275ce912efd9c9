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
}
