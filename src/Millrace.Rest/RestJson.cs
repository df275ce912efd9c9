using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Millrace.Rest;

/// <summary>How bodies are read and written.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ErrorsResponse))]
[JsonSerializable(typeof(UploadResponse))]
[JsonSerializable(typeof(JarsResponse))]
[JsonSerializable(typeof(RunRequest))]
[JsonSerializable(typeof(RunResponse))]
[JsonSerializable(typeof(JobsResponse))]
[JsonSerializable(typeof(JobResponse))]
[JsonSerializable(typeof(Dictionary<string, TaskRequirements>))]
[JsonSerializable(typeof(WorkersResponse))]
[JsonSerializable(typeof(EmptyResponse))]
internal sealed partial class RestJson : JsonSerializerContext
{
    public static Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(value, type, cancellationToken: context.RequestAborted);
    }

    /// <summary>Reads the body; a new object where there is none.</summary>
    public static async Task<RunRequest> ReadRunAsync(HttpContext context)
    {
        if (context.Request.ContentLength is 0 || context.Request is { ContentLength: null, ContentType: null })
        {
            return new RunRequest();
        }

        try
        {
            return await JsonSerializer.DeserializeAsync(context.Request.Body, Default.RunRequest, context.RequestAborted).ConfigureAwait(false) ?? new RunRequest();
        }
        catch (JsonException error)
        {
            throw new BadHttpRequestException($"The body is no JSON of a submission: {error.Message}", error);
        }
    }
}
