using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Millrace.Cluster.Session;

/// <summary>
/// The host's services, as a job of a submitted program has them. A container remembers each type that it was ever asked for, and the host's lives as long as the process: it must never hear of a type of a program, or the program could not be
/// unloaded. Those are asked of a container of the job's own, which goes with it: <c>ILogger</c> and <c>IOptions</c> of a program's types are there.
/// </summary>
internal sealed class ProgramServices : IKeyedServiceProvider, IServiceScopeFactory, IServiceProviderIsKeyedService, IServiceScope, IAsyncDisposable
{
    private readonly IServiceProvider _host;
    private readonly IServiceProvider _own;
    private readonly IAsyncDisposable _lifetime;

    private ProgramServices(IServiceProvider host, IServiceProvider own, IAsyncDisposable lifetime)
    {
        _host = host;
        _own = own;
        _lifetime = lifetime;
    }

    public IServiceProvider ServiceProvider => this;

    /// <summary>Makes the services of one job.</summary>
    /// <param name="host">The host's.</param>
    public static ProgramServices Of(IServiceProvider host)
    {
        var services = new ServiceCollection();
        services.AddOptions();
        services.AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        if (host.GetService<ILoggerFactory>() is { } loggers)
        {
            services.AddSingleton(loggers);
        }
        else
        {
            services.AddSingleton<ILoggerFactory, LoggerFactory>();
        }

        var own = services.BuildServiceProvider();
        return new ProgramServices(host, own, own);
    }

    public object? GetService(Type serviceType) => serviceType == typeof(IServiceProvider) || serviceType == typeof(IServiceScopeFactory)
        || serviceType == typeof(IServiceProviderIsService) || serviceType == typeof(IServiceProviderIsKeyedService)
            ? this
            : For(serviceType).GetService(serviceType);

    public object? GetKeyedService(Type serviceType, object? serviceKey) => (For(serviceType) as IKeyedServiceProvider)?.GetKeyedService(serviceType, serviceKey);

    public object GetRequiredKeyedService(Type serviceType, object? serviceKey) => For(serviceType).GetRequiredKeyedService(serviceType, serviceKey);

    public bool IsService(Type serviceType) => For(serviceType).GetService<IServiceProviderIsService>()?.IsService(serviceType) == true;

    public bool IsKeyedService(Type serviceType, object? serviceKey) => For(serviceType).GetService<IServiceProviderIsKeyedService>()?.IsKeyedService(serviceType, serviceKey) == true;

    public IServiceScope CreateScope()
    {
        var host = _host.CreateAsyncScope();
        var own = _own.CreateAsyncScope();
        return new ProgramServices(host.ServiceProvider, own.ServiceProvider, new Both(host, own));
    }

    public ValueTask DisposeAsync() => _lifetime.DisposeAsync();

    // Those who make scopes dispose of them asynchronously, where they can be.
    public void Dispose() => _ = _lifetime.DisposeAsync().AsTask();

    // A type with a type of a program in it is of the program too.
    private IServiceProvider For(Type type) => type.IsCollectible ? _own : _host;

    private sealed class Both(AsyncServiceScope first, AsyncServiceScope second) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await second.DisposeAsync().ConfigureAwait(false);
            await first.DisposeAsync().ConfigureAwait(false);
        }
    }
}
