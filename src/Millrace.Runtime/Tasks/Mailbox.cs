using System.Collections.Concurrent;

namespace Millrace.Runtime.Tasks;

/// <summary>Actions for an actor to do between two batches. Safe to post to from any thread.</summary>
/// <param name="owner">The actor that is woken.</param>
internal sealed class Mailbox(Actor owner)
{
    private readonly ConcurrentQueue<Action> _mails = new();

    public void Post(Action mail)
    {
        _mails.Enqueue(mail);
        owner.Wake();
    }

    /// <summary>Does what was posted.</summary>
    /// <returns>Whether there was anything.</returns>
    public bool Drain()
    {
        bool any = false;
        while (_mails.TryDequeue(out var mail))
        {
            any = true;
            mail();
        }

        return any;
    }
}
