using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Millrace.Deploy.Tests;

/// <summary>A program of ASP.NET Core that listens at a free port of this machine.</summary>
internal sealed class TestProgram : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestProgram(WebApplication app) => _app = app;

    public int Port => new Uri(_app.Urls.Single()).Port;

    public IServiceProvider Services => _app.Services;

    public HttpClient Client() => new() { BaseAddress = new Uri($"http://127.0.0.1:{Port}") };

    public static async Task<TestProgram> StartAsync(Action<WebApplication> map, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        configure?.Invoke(builder);
        var app = builder.Build();
        map(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new TestProgram(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
