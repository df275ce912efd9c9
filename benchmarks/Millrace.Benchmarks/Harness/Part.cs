namespace Millrace.Benchmarks.Harness;

/// <summary>A part of the engine, or the code it is compared with, that can be given any number of records. State is kept from run to run.</summary>
internal abstract class Part : IDisposable
{
    /// <summary>Processes about as many records: a multiple of a batch.</summary>
    public abstract Task RunAsync(long records);

    public virtual void Dispose()
    {
    }
}

/// <summary>A part that runs on the caller's thread.</summary>
internal abstract class SynchronousPart : Part
{
    public abstract void Run(long records);

    public sealed override Task RunAsync(long records)
    {
        Run(records);
        return Task.CompletedTask;
    }
}
