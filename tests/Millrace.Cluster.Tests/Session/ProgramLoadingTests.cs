using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.Loader;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Millrace.Cluster.Session;

namespace Millrace.Cluster.Tests.Session;

/// <summary>What a program has in common with its host, and what is its own.</summary>
public sealed class ProgramLoadingTests : IDisposable
{
    private const string Trades = "Millrace.ClusterTests.Submitted.TradesJob";

    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-loading-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_program_has_the_engine_and_the_framework_in_common_with_its_host_and_brings_the_rest_itself()
    {
        var context = Load();
        var entry = context.GetEntry();
        var job = JobFactory.Find(entry, Trades);
        Assert.True(typeof(IStreamJob).IsAssignableFrom(job));
        Assert.Equal(typeof(ILogger<>).Assembly, job.GetConstructors()[0].GetParameters()[1].ParameterType.Assembly);

        // The host has this class too, in an assembly of its own.
        var order = entry.GetType("Millrace.ClusterTests.Order", throwOnError: true)!;
        Assert.NotEqual(typeof(ClusterTests.Order), order);
        Assert.True(order.IsCollectible);
        Assert.Same(context, AssemblyLoadContext.GetLoadContext(order.Assembly));
        context.Unload();
    }

    [Fact]
    public void A_dependency_is_that_of_the_program_in_its_own_version()
    {
        string host = Save("Shared.Library", new Version(1, 0, 0, 0), Path.Combine(_folder, "host"));
        string own = Save("Shared.Library", new Version(2, 0, 0, 0), Path.Combine(_folder, "own"));
        string entry = Save("Own.Entry", new Version(1, 0, 0, 0), Path.Combine(_folder, "own"));
        var ofHost = AssemblyLoadContext.Default.LoadFromAssemblyPath(host);
        var context = new ProgramLoadContext("test", entry, new HostAssemblies([]));
        var ofProgram = context.LoadFromAssemblyName(new AssemblyName("Shared.Library"));
        Assert.Equal((new Version(1, 0, 0, 0), new Version(2, 0, 0, 0)), (ofHost.GetName().Version, ofProgram.GetName().Version));
        Assert.Equal(own, ofProgram.Location);

        // Where the host says that it is to be common, it is the host's; and one that is too old says so.
        var sharing = new ProgramLoadContext("test", entry, new HostAssemblies(["Shared.Library"]));
        Assert.Same(ofHost, sharing.LoadFromAssemblyName(new AssemblyName("Shared.Library, Version=1.0.0.0")));
        var error = Assert.Throws<FileLoadException>(() => sharing.LoadFromAssemblyName(new AssemblyName("Shared.Library, Version=2.0.0.0")));
        Assert.Contains("was built with Shared.Library 2.0.0.0, and the worker has 1.0.0.0", error.ToString(), StringComparison.Ordinal);
        context.Unload();
        sharing.Unload();
    }

    [Fact]
    public void The_entry_assembly_is_the_one_with_a_list_of_dependencies()
    {
        var host = new HostAssemblies([]);
        Assert.Equal("Job.dll", ProgramEntry.Find(["Job.dll", "Job.deps.json", "Other.dll", "runtimes/linux/Third.dll"], host));
        Assert.Equal("Job.dll", ProgramEntry.Find(["Job.dll", "Millrace.dll", "Microsoft.Extensions.Options.dll"], host));
        Assert.Contains("Job.dll, Other.dll could each be", Assert.Throws<MillraceException>(() => ProgramEntry.Find(["Job.dll", "Other.dll"], host)).Message, StringComparison.Ordinal);
        Assert.Contains("no assembly could be", Assert.Throws<MillraceException>(() => ProgramEntry.Find(["publish/Job.dll", "publish/Job.deps.json"], host)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Jobs_are_seen_without_loading_anything()
    {
        using var assembly = File.OpenRead(EntryPath);
        Assert.Equal(["Millrace.ClusterTests.Submitted.PinningJob", Trades], ProgramEntry.Jobs(assembly, "program"));
        Assert.Equal("MR6022", Assert.Throws<MillraceException>(() => ProgramEntry.Jobs(new MemoryStream(new byte[1_000]), "program")).Code);
    }

    [Fact]
    public void A_job_is_made_with_services_and_arguments_and_errors_say_what_is_missing()
    {
        var context = Load();
        using var host = new ServiceCollection().AddLogging().AddOptions().BuildServiceProvider();
        var services = ProgramServices.Of(host);
        Assert.IsType(JobFactory.Find(context.GetEntry(), Trades), JobFactory.Create(JobFactory.Find(context.GetEntry(), Trades), services, ["x"]));
        Assert.Contains($"'{Trades}'", Assert.Throws<MillraceException>(() => JobFactory.Find(context.GetEntry(), null)).Message, StringComparison.Ordinal);
        Assert.Contains("no class 'Nothing'", Assert.Throws<MillraceException>(() => JobFactory.Find(context.GetEntry(), "Nothing")).Message, StringComparison.Ordinal);
        var missing = Assert.Throws<MillraceException>(() => JobFactory.Create(typeof(Demanding), services, []));
        Assert.Contains("System.Version version", missing.Message, StringComparison.Ordinal);
        context.Unload();
    }

    [Fact]
    public async Task Types_of_a_program_are_asked_of_a_container_of_its_own_and_others_of_the_hosts()
    {
        var context = Load();
        await using var host = new ServiceCollection().AddLogging().AddOptions().AddScoped<Demanding>().AddSingleton(new Version(1, 2)).BuildServiceProvider();
        await using var services = ProgramServices.Of(host);
        var limits = context.GetEntry().GetType("Millrace.ClusterTests.Submitted.Limits")!;
        Assert.NotNull(services.GetService(typeof(IOptions<>).MakeGenericType(limits)));
        Assert.NotNull(services.GetService(typeof(ILogger<>).MakeGenericType(limits)));
        Assert.Null(services.GetService(limits));
        Assert.Same(host.GetRequiredService<ILoggerFactory>(), services.GetRequiredService<ILoggerFactory>());

        // A scope is one of both.
        await using var scope = ((IServiceProvider)services).CreateAsyncScope();
        var scoped = scope.ServiceProvider.GetRequiredService<Demanding>();
        Assert.Same(scoped, scope.ServiceProvider.GetRequiredService<Demanding>());
        await using var other = scope.ServiceProvider.CreateAsyncScope();
        Assert.NotSame(scoped, other.ServiceProvider.GetRequiredService<Demanding>());
        Assert.NotNull(other.ServiceProvider.GetService(typeof(ILogger<>).MakeGenericType(limits)));
        context.Unload();
    }

    private static string EntryPath => Path.Combine(AppContext.BaseDirectory, "program", "Millrace.ClusterTests.Program.dll");

    private static ProgramLoadContext Load() => new("test", EntryPath, new HostAssemblies([]));

    private static string Save(string name, Version version, string folder)
    {
        Directory.CreateDirectory(folder);
        var builder = new PersistedAssemblyBuilder(new AssemblyName(name) { Version = version }, typeof(object).Assembly);
        builder.DefineDynamicModule(name).DefineType("Anything", TypeAttributes.Public).CreateType();
        string path = Path.Combine(folder, name + ".dll");
        builder.Save(path);
        return path;
    }

    private sealed class Demanding(Version version) : IStreamJob
    {
        public void Build(StreamExecutionEnvironment env) => throw new InvalidOperationException(version.ToString());
    }
}
