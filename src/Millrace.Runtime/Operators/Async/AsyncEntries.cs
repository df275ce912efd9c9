namespace Millrace.Runtime.Operators.Async;

/// <summary>Entries in the order in which they came. One can be taken out anywhere.</summary>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal sealed class AsyncEntries<TIn, TOut>
{
    private AsyncEntry<TIn, TOut>? _last;

    public AsyncEntry<TIn, TOut>? First { get; private set; }

    public void Add(AsyncEntry<TIn, TOut> entry)
    {
        entry.Previous = _last;
        entry.Next = null;
        if (_last is { } last)
        {
            last.Next = entry;
        }
        else
        {
            First = entry;
        }

        _last = entry;
    }

    public void Remove(AsyncEntry<TIn, TOut> entry)
    {
        if (entry.Previous is { } previous)
        {
            previous.Next = entry.Next;
        }
        else
        {
            First = entry.Next;
        }

        if (entry.Next is { } next)
        {
            next.Previous = entry.Previous;
        }
        else
        {
            _last = entry.Previous;
        }

        entry.Previous = null;
        entry.Next = null;
    }
}
