using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Millrace.Connectors;
using Millrace.Hosting;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/guides/hosting.md, compiled.</summary>
internal static class Hosting
{
    public static Task GenericHost(string[] args)
    {
        var builder = Host.CreateApplicationBuilder(args);
        builder.Services.AddScoped<IExchangeRates, ExchangeRates>();
        builder.AddMillrace()
            .AddJob<Revenue>()
            .AddJob("heartbeat", env => env.FromSequence(1, 1_000_000).Discard(), options => options.Parallelism = 1);
        return builder.Build().RunAsync();
    }

    public static Task WebApplicationHost(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddSingleton(new ChannelSource<Click>(capacity: 10_000));
        builder.Services.AddHealthChecks().AddMillrace();
        builder.AddMillrace().AddJob<ClicksPerPage>("clicks");

        var app = builder.Build();
        app.MapPost("/clicks", async (Click click, ChannelSource<Click> clicks, CancellationToken cancellationToken) =>
        {
            await clicks.WriteAsync(click, cancellationToken);
            return Results.Accepted();
        });
        app.MapPost("/jobs/{name}/savepoints/{id}", async (string name, string id, IMillraceJobs jobs) =>
            jobs.TryGet(name, out var job) ? Results.Ok(await job.TriggerSavepointAsync($"savepoints/{id}")) : Results.NotFound());
        app.MapHealthChecks("/health");
        return app.RunAsync();
    }

    public static async Task WithoutAHost(IServiceProvider services, CancellationToken cancellationToken)
    {
        var env = new StreamExecutionEnvironment { Services = services };
        env.FromCollection([new Order("DE", 12)]).Process(env.FromServices<Convert>("EUR")).Print();
        await env.ExecuteAsync("orders", cancellationToken);
    }

    public sealed record Click(string Page, int Count = 1);

    public sealed record Order(string Country, decimal Amount);

    public interface IExchangeRates
    {
        decimal Of(string country, string currency);
    }

    public sealed class ExchangeRates : IExchangeRates
    {
        public decimal Of(string country, string currency) => 1;
    }

    public sealed class Revenue : IStreamJob
    {
        public void Build(StreamExecutionEnvironment env) => env.FromCollection([new Order("DE", 12)])
            .Process(env.FromServices<Convert>("EUR"))
            .Print();
    }

    // A new one for each subtask: the rates come from the subtask's scope, the currency from the call of FromServices.
    public sealed class Convert(IExchangeRates rates, string currency) : ProcessFunction<Order, Order>
    {
        public override void ProcessElement(Order value, ProcessContext context, Collector<Order> output) =>
            output.Collect(value with { Amount = value.Amount * rates.Of(value.Country, currency) });
    }

    public sealed class Lookup : ProcessFunction<Order, Order>
    {
        private IExchangeRates _rates = null!;

        public override void Open(RuntimeContext context) => _rates = context.Services.GetRequiredService<IExchangeRates>();

        public override void ProcessElement(Order value, ProcessContext context, Collector<Order> output) =>
            output.Collect(value with { Amount = value.Amount * _rates.Of(value.Country, "EUR") });
    }

    public sealed class ClicksPerPage(ChannelSource<Click> clicks) : IStreamJob
    {
        public void Build(StreamExecutionEnvironment env) => env.FromSource(clicks)
            .KeyBy(click => click.Page)
            .Reduce((one, other) => one with { Count = one.Count + other.Count })
            .Print();
    }
}
