using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Millrace.Checkpointing;
using Millrace.Hosting;

namespace Millrace.Rest;

/// <summary>Programs over HTTP. Apache Flink calls them jars.</summary>
internal static class JarEndpoints
{
    // What a body of several parts has beside the files.
    private const long Overhead = 1 << 20;

    public static async Task UploadAsync(HttpContext context)
    {
        var session = Session(context);
        if (!session.IsEnabled)
        {
            // Says why not, before anything is taken in.
            await session.ListProgramsAsync(context.RequestAborted).ConfigureAwait(false);
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = session.MaxProgramSize + Overhead;
        }

        var program = await UploadReader.ReadAsync(context.Request, session, context.RequestAborted).ConfigureAwait(false);
        await RestJson.WriteAsync(context, new UploadResponse($"/{program.Id}", "success", program.Id), RestJson.Default.UploadResponse).ConfigureAwait(false);
    }

    public static async Task ListAsync(HttpContext context)
    {
        var programs = await Session(context).ListProgramsAsync(context.RequestAborted).ConfigureAwait(false);
        await RestJson.WriteAsync(
            context,
            new JarsResponse(
                $"{context.Request.Scheme}://{context.Request.Host}",
                [.. programs.Select(static program => new Jar(program.Id, program.Name, program.UploadedAt.ToUnixTimeMilliseconds(), [.. program.Jobs.Select(static job => new JarEntry(job, null))]) { Size = program.Size })]),
            RestJson.Default.JarsResponse).ConfigureAwait(false);
    }

    public static async Task DeleteAsync(HttpContext context)
    {
        await Session(context).DeleteProgramAsync(JarOf(context), context.RequestAborted).ConfigureAwait(false);
        await RestJson.WriteAsync(context, new EmptyResponse(), RestJson.Default.EmptyResponse).ConfigureAwait(false);
    }

    public static async Task RunAsync(HttpContext context)
    {
        var request = await RestJson.ReadRunAsync(context).ConfigureAwait(false);
        var submission = new JobSubmission
        {
            Name = request.JobName,
            EntryType = request.EntryClass,
            Parallelism = request.Parallelism,
            RestoreFrom = request.SavepointPath is { } path ? new RestoreOptions(path) { AllowNonRestoredState = request.AllowNonRestoredState ?? false } : null,
        };
        foreach (string argument in request.ProgramArgsList ?? [])
        {
            submission.Arguments.Add(argument);
        }

        foreach (var (key, value) in request.Settings ?? new Dictionary<string, string>())
        {
            submission.Settings[key] = value;
        }

        var job = await Session(context).SubmitAsync(JarOf(context), submission, context.RequestAborted).ConfigureAwait(false);
        await RestJson.WriteAsync(context, new RunResponse(job.Id, job.Name), RestJson.Default.RunResponse).ConfigureAwait(false);
    }

    private static IMillraceSession Session(HttpContext context) => context.RequestServices.GetRequiredService<IMillraceSession>();

    private static string JarOf(HttpContext context) => context.GetRouteValue("jar")?.ToString() ?? "";
}
