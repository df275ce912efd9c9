using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Millrace.Hosting;

namespace Millrace.Rest.Tests;

/// <summary>A worker that is a web application, with a client of it.</summary>
internal sealed class SessionHost : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-rest-").FullName;
    private readonly WebApplication _app;

    private SessionHost(Action<WebApplication> map, (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseTestServer();
        builder.Services.AddRoutingCore();
        builder.Services.AddAuthorization();
        builder.Logging.ClearProviders();
        var all = new Dictionary<string, string?>
        {
            ["Millrace:Parallelism"] = "2",
            ["Millrace:Checkpoints:Directory"] = Path.Combine(_folder, "checkpoints"),
            ["Millrace:Cluster:Membership:Kind"] = "Directory",
            ["Millrace:Cluster:Membership:Directory"] = Path.Combine(_folder, "members"),
            ["Millrace:Cluster:SiloPort"] = FreePort(),
            ["Millrace:Cluster:DataPort"] = FreePort(),
            ["Millrace:Cluster:Slots"] = "2",
            ["Millrace:Cluster:Session:Enabled"] = "true",
            ["Millrace:Cluster:Session:Directory"] = Path.Combine(_folder, "programs"),
            ["Millrace:Cluster:Session:LocalDirectory"] = Path.Combine(_folder, "local"),
        };
        foreach (var (key, value) in settings)
        {
            all[$"Millrace:Cluster:{key}"] = value;
        }

        builder.Configuration.AddInMemoryCollection(all);
        builder.AddMillrace().UseCluster();
        _app = builder.Build();
        _app.UseRouting();
        map(_app);
        Client = null!;
    }

    public HttpClient Client { get; private set; }

    public string Folder => _folder;

    public static async Task<SessionHost> StartAsync(Action<WebApplication> map, params (string Key, string Value)[] settings)
    {
        var host = new SessionHost(map, settings);
        await host._app.StartAsync(TestContext.Current.CancellationToken);
        host.Client = host._app.GetTestClient();
        return host;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}
