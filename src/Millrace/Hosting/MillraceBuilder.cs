using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Millrace.Hosting;

/// <summary>Adds jobs to a host. Not safe for use by several threads.</summary>
/// <example>
/// <code>
/// builder.AddMillrace()
///     .AddJob&lt;Orders&gt;()
///     .AddJob("alerts", env =&gt; env.FromSource(readings).Filter(r =&gt; r.Celsius &gt; 90).Print());
/// </code>
/// </example>
public sealed class MillraceBuilder
{
    private readonly HostedJobRegistry _registry;

    internal MillraceBuilder(IServiceCollection services, HostedJobRegistry registry)
    {
        Services = services;
        _registry = registry;
    }

    /// <summary>The host's services.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Adds a job whose class takes services in its constructor. It is made once, in a scope that lives as long as the job runs.</summary>
    /// <typeparam name="TJob">The job.</typeparam>
    /// <param name="name">The job's name, under which it is configured and its checkpoints are kept; <see langword="null"/> for the name of the class.</param>
    /// <param name="configure">Sets options in code. What the configuration says overrides it.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="InvalidOperationException">There is a job of that name already.</exception>
    public MillraceBuilder AddJob<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TJob>(string? name = null, Action<ExecutionOptions>? configure = null)
        where TJob : class, IStreamJob
    {
        _registry.Add(new JobRegistration(name ?? typeof(TJob).Name, static (services, env) => services.GetRequiredService<TJob>().Build(env), configure));
        Services.TryAddScoped<TJob>();
        return this;
    }

    /// <summary>Adds a job without a class.</summary>
    /// <param name="name">The job's name, under which it is configured and its checkpoints are kept.</param>
    /// <param name="build">Declares the job's sources, transformations and sinks. <see cref="StreamExecutionEnvironment.Services"/> is set.</param>
    /// <param name="configure">Sets options in code. What the configuration says overrides it.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="InvalidOperationException">There is a job of that name already.</exception>
    public MillraceBuilder AddJob(string name, Action<StreamExecutionEnvironment> build, Action<ExecutionOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(build);
        _registry.Add(new JobRegistration(name, (_, env) => build(env), configure));
        return this;
    }
}
