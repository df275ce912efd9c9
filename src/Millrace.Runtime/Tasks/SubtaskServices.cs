using Microsoft.Extensions.DependencyInjection;

namespace Millrace.Runtime.Tasks;

/// <summary>
/// The services of one subtask in one attempt: a scope of the application's provider, made when a function first asks and disposed when all functions are closed. Safe for use by several
/// threads, since what a function has begun asynchronously may ask too.
/// </summary>
/// <param name="root">The application's services; null where there are none.</param>
internal sealed class SubtaskServices(IServiceProvider? root)
{
    [ThreadStatic]
    private static SubtaskServices? _current;

    private readonly Lock _lock = new();
    private AsyncServiceScope? _scope;
    private bool _disposed;

    /// <summary>Those of the subtask whose operators are being made on this thread.</summary>
    public static SubtaskServices Current => _current ?? throw new InvalidOperationException(
        "A function from services is made in the subtask that runs it, and no subtask is being made here. Hand the factory to the stream without calling it.");

    /// <summary>Whether there is anything to take services from.</summary>
    public bool HasProvider => root is not null;

    /// <summary>The scope's services.</summary>
    public IServiceProvider Provider
    {
        get
        {
            if (root is null)
            {
                throw new InvalidOperationException(
                    "There is no service provider. Host the job with AddMillrace on the application's builder, or set StreamExecutionEnvironment.Services before the job is started.");
            }

            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                return (_scope ??= root.CreateAsyncScope()).ServiceProvider;
            }
        }
    }

    /// <summary>Makes the operators of the subtask, whose functions may come from these services.</summary>
    public T Making<T>(Func<T> make)
    {
        var outer = _current;
        _current = this;
        try
        {
            return make();
        }
        finally
        {
            _current = outer;
        }
    }

    /// <summary>Disposes the scope, whether the functions' asynchronous work has ended well or not.</summary>
    /// <param name="functions">The end of the functions' asynchronous work.</param>
    public async Task DisposeAfterAsync(Task functions)
    {
        try
        {
            await functions.ConfigureAwait(false);
        }
        finally
        {
            AsyncServiceScope? scope;
            lock (_lock)
            {
                _disposed = true;
                scope = _scope;
                _scope = null;
            }

            if (scope is { } made)
            {
                await made.DisposeAsync().ConfigureAwait(false);
            }
        }
    }
}
