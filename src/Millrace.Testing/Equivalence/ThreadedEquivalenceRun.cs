namespace Millrace.Testing;

/// <summary>A run on the engine's own threads and the clock on the wall.</summary>
internal sealed class ThreadedEquivalenceRun(Action<JobUnderTest> declare, JobWay way, JobEquivalenceOptions options, ulong seed)
    : EquivalenceRun(declare, way, options, seed)
{
    private readonly InMemoryCheckpointStorage _storage = new();
    private bool _isStopped;

    public async Task<JobResults> RunAsync(CancellationToken cancellationToken)
    {
        int wanted = Way!.Interruption == Interruption.None ? 0 : Random.Next(1, 4);
        while (await InterruptAsync(wanted-- > 0, cancellationToken).ConfigureAwait(false))
        {
        }

        return Results();
    }

    /// <summary>Starts the job and interrupts it behind a checkpoint.</summary>
    /// <returns>Whether it is to be started again.</returns>
    private async Task<bool> InterruptAsync(bool interrupts, CancellationToken cancellationToken)
    {
        var client = Declare(_storage, TimeProvider.System, null).Start(JobName);
        await using (client.ConfigureAwait(false))
        {
            using var registration = cancellationToken.Register(client.Cancel);
            try
            {
                return await InterruptAsync(client, interrupts, cancellationToken).WaitAsync(Options.MaxTime, TimeProvider.System, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException error)
            {
                // Looked at before the client is given up, which ends the job.
                throw new JobEquivalenceException($"{Description}: the job does not end within {Options.MaxTime}. {Describe(client.Execution)}", error);
            }
        }
    }

    private async Task<bool> InterruptAsync(JobClient client, bool interrupts, CancellationToken cancellationToken)
    {
        if (interrupts && await HasCheckpointsAsync(client, Random.Next(4)).ConfigureAwait(false))
        {
            switch (Way!.Interruption)
            {
                case Interruption.Failure:
                    Store.FailNextWrite();
                    break;
                case Interruption.Cancel:
                    client.Cancel();
                    break;
                case Interruption.Savepoint:
                    await StopAsync(client).ConfigureAwait(false);
                    break;
            }
        }

        try
        {
            var result = await client.Completion.ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            return result.State == JobState.Canceled || (interrupts && _isStopped);
        }
        catch (MillraceException error)
        {
            throw new JobEquivalenceException($"{Description}: {error.Message}", error);
        }
    }

    private async Task StopAsync(JobClient client)
    {
        _isStopped = false;
        try
        {
            Savepoint = await client.StopWithSavepointAsync($"savepoints/{Starts}").ConfigureAwait(false);
            _isStopped = true;
        }
        catch (Exception error) when (error is MillraceException or OperationCanceledException)
        {
            // It has come to its end before.
        }
    }

    /// <summary>Waits for checkpoints; false where the job comes to its end before.</summary>
    private static async Task<bool> HasCheckpointsAsync(JobClient client, int count)
    {
        try
        {
            for (int i = 0; i < count; i++)
            {
                await client.TriggerCheckpointAsync().ConfigureAwait(false);
            }

            return true;
        }
        catch (Exception error) when (error is MillraceException or OperationCanceledException)
        {
            return false;
        }
    }
}
