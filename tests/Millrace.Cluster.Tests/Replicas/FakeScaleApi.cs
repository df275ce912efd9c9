using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Millrace.Cluster.Tests.Replicas;

/// <summary>An API server that knows one thing: the scale of a StatefulSet, with its resource version, as Kubernetes has it.</summary>
internal sealed class FakeScaleApi : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Lock _gate = new();
    private int _version = 1;

    private FakeScaleApi(WebApplication app) => _app = app;

    /// <summary>What was asked of it.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    public int Replicas { get; private set; } = 3;

    /// <summary>Answers every call with this instead; null for what it should.</summary>
    public int? Status { get; set; }

    /// <summary>Answers no call.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Called when a call has come, before it is answered.</summary>
    public Action<string>? Comes { get; set; }

    public string Url => _app.Urls.First();

    public static async Task<FakeScaleApi> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var api = new FakeScaleApi(app);
        app.Run(api.AnswerAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return api;
    }

    /// <summary>What <c>kubectl scale</c> does.</summary>
    public void SetReplicas(int replicas)
    {
        lock (_gate)
        {
            Replicas = replicas;
            _version++;
        }
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        string method = context.Request.Method;
        using var reader = new StreamReader(context.Request.Body);
        string body = await reader.ReadToEndAsync(context.RequestAborted);
        Calls.Enqueue($"{method} {context.Request.Path}{(body.Length > 0 ? $" {context.Request.ContentType?.Split(';')[0]} {body}" : "")}");
        Comes?.Invoke(method);
        if (IsSilent)
        {
            // Until the other one has had enough.
            var gone = new TaskCompletionSource();
            await using var registration = context.RequestAborted.Register(gone.SetResult);
            await gone.Task;
            return;
        }

        if (Status is { } status)
        {
            context.Response.StatusCode = status;
            await context.Response.WriteAsJsonAsync(new { kind = "Status", apiVersion = "v1", status = "Failure", code = status }, context.RequestAborted);
            return;
        }

        if (context.Request.Path != "/apis/apps/v1/namespaces/streams/statefulsets/orders/scale")
        {
            context.Response.StatusCode = 404;
            return;
        }

        int replicas;
        string version;
        lock (_gate)
        {
            if (method == "PATCH")
            {
                using var patch = JsonDocument.Parse(body);
                if (patch.RootElement.TryGetProperty("metadata", out var metadata) && metadata.GetProperty("resourceVersion").GetString() != _version.ToString(CultureInfo.InvariantCulture))
                {
                    context.Response.StatusCode = 409;
                    return;
                }

                Replicas = patch.RootElement.GetProperty("spec").GetProperty("replicas").GetInt32();
                _version++;
            }

            (replicas, version) = (Replicas, _version.ToString(CultureInfo.InvariantCulture));
        }

        await context.Response.WriteAsJsonAsync(
            new
            {
                kind = "Scale",
                apiVersion = "autoscaling/v1",
                metadata = new { name = "orders", @namespace = "streams", resourceVersion = version },
                spec = replicas == 0 ? (object)new { } : new { replicas },
                status = new { replicas },
            },
            context.RequestAborted);
    }
}
