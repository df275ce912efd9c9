using System.Runtime.CompilerServices;
using Microsoft.Extensions.Configuration;
using Millrace.Cluster.Hosting;
using Millrace.Hosting;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination;

namespace Millrace.Cluster.Session;

/// <summary>Builds the host's own jobs, and those of submitted programs.</summary>
/// <param name="own">Builds the host's own.</param>
/// <param name="programs">The programs.</param>
/// <param name="registry">What was added to the host.</param>
/// <param name="settings">The options of the cluster.</param>
/// <param name="services">The host's services.</param>
internal sealed class SessionJobBuilder(IJobBuilder own, ProgramCache programs, HostedJobRegistry registry, ClusterSettings settings, IServiceProvider services) : IJobBuilder
{
    private readonly ProgramCache _programs = programs;
    private readonly HostedJobRegistry _registry = registry;
    private readonly ClusterSettings _settings = settings;
    private readonly IServiceProvider _services = services;

    public IReadOnlyList<string> Names => own.Names;

    public bool TakesPrograms => true;

    public BuiltJob Build(string name, int? parallelism) => own.Build(name, parallelism);

    public IJobBuilder Of(JobProgram program) => new OfProgram(this, program);

    private sealed class OfProgram(SessionJobBuilder owner, JobProgram program) : IJobBuilder
    {
        public IReadOnlyList<string> Names => [];

        // What it has loaded must not be in a frame that lives longer than this.
        [MethodImpl(MethodImplOptions.NoInlining)]
        public BuiltJob Build(string name, int? parallelism)
        {
            var lease = owner._programs.Take(program.Id);
            ProgramServices? services = null;
            try
            {
                services = ProgramServices.Of(owner._services);
                var type = JobFactory.Find(lease.Context.GetEntry(), program.EntryType);
                IStreamJob? job = null;
                var registration = new JobRegistration(
                    name,
                    (scope, env) =>
                    {
                        job = JobFactory.Create(type, scope, program.Arguments);
                        job.Build(env);

                        // Its checkpoints are those of this submission and of no other.
                        env.Options.Checkpoints.JobId = JobIdOf(name, program.Submission);
                    },
                    null);
                using var configuration = Configuration(name);
                var declared = DeclaredJob.Declare(registration, services, new HostConfiguration(configuration), parallelism);
                if (declared.HasDefaultStorage && !owner._settings.IsLoopback)
                {
                    _ = declared.Scope.DisposeAsync().AsTask();
                    throw SessionErrors.CannotMake(
                        "its checkpoints would go into a folder of one machine, since nothing else was said; but workers of other machines must read them. Set Millrace:Checkpoints:Directory of the workers, or Checkpoints:Directory in the settings of the job.");
                }

                return HostedJobBuilder.Build(declared, services) with { Program = program, Scope = new Held(job, declared.Scope, services, lease) };
            }
            catch
            {
                _ = services?.DisposeAsync().AsTask();
                lease.Dispose();
                throw;
            }
        }

        /// <summary>The host's configuration, and before it what was submitted with the job, as that of a job of its name. To be disposed of: the host's would remember it for the case that it changes.</summary>
        private ConfigurationRoot Configuration(string name) => (ConfigurationRoot)new ConfigurationBuilder()
            .AddConfiguration(owner._registry.Configuration)
            .AddInMemoryCollection(program.Settings.Select(setting => KeyValuePair.Create($"Millrace:Jobs:{name}:{setting.Key}", (string?)setting.Value)))
            .Build();
    }

    /// <summary>The name under which the checkpoints of a submission are kept.</summary>
    public static string JobIdOf(string name, string submission) => $"{JobIds.From(name)}-{submission[..12]}";

    /// <summary>All that a job of a program holds, in the order in which it is given back.</summary>
    private sealed class Held(IStreamJob? job, IAsyncDisposable scope, ProgramServices services, ProgramCache.ProgramLease lease) : IAsyncDisposable
    {
        private IStreamJob? _job = job;

        public async ValueTask DisposeAsync()
        {
            try
            {
                switch (Interlocked.Exchange(ref _job, null))
                {
                    case IAsyncDisposable disposable:
                        await disposable.DisposeAsync().ConfigureAwait(false);
                        break;
                    case IDisposable disposable:
                        disposable.Dispose();
                        break;
                }

                await scope.DisposeAsync().ConfigureAwait(false);
                await services.DisposeAsync().ConfigureAwait(false);
            }
            finally
            {
                lease.Dispose();
            }
        }
    }
}
