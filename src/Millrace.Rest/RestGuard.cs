using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Millrace.Rest;

/// <summary>Stands before every path: who may, and what becomes of errors.</summary>
internal static class RestGuard
{
    // Web browsers say where a request comes from, and no page can make them say otherwise.
    private const string FetchSite = "Sec-Fetch-Site";

    public static async Task RunAsync(HttpContext context, RequestDelegate handle)
    {
        try
        {
            Check(context);
            await handle(context).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            var (status, message) = Describe(error);
            if (status == StatusCodes.Status500InternalServerError)
            {
                Log.Failed(context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Millrace.Rest"), error, context.Request.Method, context.Request.Path);
            }

            await RestJson.WriteAsync(context, new ErrorsResponse([message]), RestJson.Default.ErrorsResponse, status).ConfigureAwait(false);
        }
    }

    private static void Check(HttpContext context)
    {
        // What the application demands was checked before, by its authorization; here it is only whether it has said anything.
        var metadata = context.GetEndpoint()?.Metadata;
        if (metadata?.GetMetadata<IAuthorizeData>() is null && metadata?.GetMetadata<AuthorizationPolicy>() is null && metadata?.GetMetadata<IAllowAnonymous>() is null)
        {
            throw new MillraceException(
                "MR6028", "Nobody has said who may use this: whoever reaches it runs code on the workers. Call RequireAuthorization() on what MapMillrace returns, or AllowAnonymous() where nobody else reaches the address.");
        }

        // A page of somebody else, open in the browser of one who may.
        if (!HttpMethods.IsGet(context.Request.Method) && context.Request.Headers[FetchSite] is [{ } site] && site is not ("same-origin" or "none"))
        {
            throw new MillraceException("MR6028", "The request comes from a page of another site.");
        }
    }

    private static (int Status, string Message) Describe(Exception error) => error switch
    {
        MillraceException { Code: "MR6021" or "MR6028" } => (StatusCodes.Status403Forbidden, error.Message),
        MillraceException { Code: "MR6023" } or KeyNotFoundException => (StatusCodes.Status404NotFound, error.Message),
        MillraceException { Code: "MR6005" or "MR6024" or "MR6025" } => (StatusCodes.Status409Conflict, error.Message),
        MillraceException { Code: "MR6003" or "MR6004" or "MR6027" } => (StatusCodes.Status503ServiceUnavailable, error.Message),

        // What is wrong with the program or the request.
        MillraceException or BadHttpRequestException => ((error as BadHttpRequestException)?.StatusCode ?? StatusCodes.Status400BadRequest, error.Message),

        // What it says is for the log: it may name files and machines.
        _ => (StatusCodes.Status500InternalServerError, "Something failed; the log of the worker says what."),
    };
}
