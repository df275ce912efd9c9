using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Millrace.Hosting;

namespace Millrace.Rest;

/// <summary>Reads a program from the body of a request: an archive as it is, an archive as a part, or the files of a folder as parts. Nothing of it is in memory as a whole.</summary>
internal static class UploadReader
{
    private const int LongestBoundary = 200;
    private const string Unnamed = "program.zip";

    public static async Task<SessionProgram> ReadAsync(HttpRequest request, IMillraceSession session, CancellationToken cancellationToken)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
        {
            return await session.UploadAsync(request.Body, Unnamed, cancellationToken).ConfigureAwait(false);
        }

        string boundary = HeaderUtilities.RemoveQuotes(type.Boundary).ToString();
        if (boundary.Length is 0 or > LongestBoundary)
        {
            throw new BadHttpRequestException("The parts of the body have no boundary, or too long a one.");
        }

        using var files = new UploadedFiles(session.MaxProgramSize);
        try
        {
            await ReadPartsAsync(new MultipartReader(boundary, request.Body), files, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is InvalidDataException or (IOException and not BadHttpRequestException))
        {
            throw new BadHttpRequestException($"The parts of the body cannot be read: {error.Message}", error);
        }

        return await files.KeepAsync(session, cancellationToken).ConfigureAwait(false);
    }

    private static async Task ReadPartsAsync(MultipartReader reader, UploadedFiles files, CancellationToken cancellationToken)
    {
        while (await reader.ReadNextSectionAsync(cancellationToken).ConfigureAwait(false) is { } section)
        {
            if (section.AsFileSection() is { FileStream: { } content } file)
            {
                await files.AddAsync(file.FileName, content, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
