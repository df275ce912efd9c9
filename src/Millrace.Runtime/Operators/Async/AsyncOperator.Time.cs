namespace Millrace.Runtime.Operators.Async;

/// <content>Timeouts and further attempts.</content>
internal sealed partial class AsyncOperator<TIn, TOut>
{
    private void TryAgain(AsyncEntry<TIn, TOut> entry, AsyncRetry<TOut> retry)
    {
        long now = Context.MonotonicTime;
        long due = now + (long)Math.Ceiling(retry.DelayAfter(entry.Attempt).TotalMilliseconds);
        entry.Attempt++;
        entry.AwaitsRetry = true;
        _retries.Enqueue(entry, due);
        if (due < _timerAt)
        {
            SetTimer(due, now);
        }
    }

    private void OnTimer()
    {
        long now = Context.MonotonicTime;
        _timerAt = long.MaxValue;

        // Time runs out in the order of arrival.
        AsyncEntry<TIn, TOut>? next;
        for (var entry = _entries.First; entry is not null && (entry.Control is not null || entry.IsOver || entry.Deadline <= now); entry = next)
        {
            next = entry.Next;
            if (entry.Control is null && !entry.IsOver)
            {
                TimeOut(entry);
                next = _entries.First;
            }
        }

        while (_retries.TryPeek(out var entry, out long due) && (due <= now || entry.IsOver))
        {
            _retries.Dequeue();
            entry.AwaitsRetry = false;
            if (!entry.IsOver)
            {
                Invoke(entry);
            }
        }

        Advance();
        SetTimer(Math.Min(NextDeadline(), _retries.TryPeek(out _, out long retry) ? retry : long.MaxValue), now);
    }

    private long NextDeadline()
    {
        for (var entry = _entries.First; entry is not null; entry = entry.Next)
        {
            if (entry.Control is null && !entry.IsOver)
            {
                return entry.Deadline;
            }
        }

        return long.MaxValue;
    }

    private void SetTimer(long due, long now)
    {
        if (due == long.MaxValue || due >= _timerAt)
        {
            return;
        }

        _timerAt = due;
        _timer?.Change(TimeSpan.FromMilliseconds(Math.Clamp(due - now, 0, int.MaxValue)), Timeout.InfiniteTimeSpan);
    }

    private void TimeOut(AsyncEntry<TIn, TOut> entry)
    {
        if (_options.TimeoutResult is not { } timeoutResult)
        {
            // Called off first: what comes of it later is nobody's.
            entry.Abandon();
            GiveUp(
                entry,
                new TimeoutException($"There was no result within {_options.Timeout}. Raise {nameof(AsyncOptions<,>.Timeout)}, or say with {nameof(AsyncOptions<,>.TimeoutResult)} what the result is then."),
                "on a record");
            return;
        }

        TOut result;
        try
        {
            result = timeoutResult(entry.Value);
        }
        catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
        {
            entry.Abandon();
            GiveUp(entry, cause, "in TimeoutResult");
            return;
        }

        entry.Abandon();
        Complete(entry, result);
    }
}
