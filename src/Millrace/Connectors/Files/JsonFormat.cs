using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Millrace.Connectors;

/// <summary>Files of JSON, in UTF-8, read and written with System.Text.Json.</summary>
/// <remarks>
/// Without options the web defaults hold: names in camel case, matched without regard to case, and numbers also in quotes. A property of the type that a
/// row lacks keeps its default, unless it is <c>required</c>; properties that the type lacks are passed over.
/// </remarks>
/// <example>
/// <code>
/// var lines = JsonFormat.Lines&lt;Flight&gt;();
/// var snake = JsonFormat.Lines&lt;Flight&gt;(new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower });
/// </code>
/// </example>
public static class JsonFormat
{
    /// <summary>One JSON value a line, also called NDJSON. Blank lines are passed over. Can be read and written.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="options">How to read and write JSON; <see langword="null"/> for the web defaults.</param>
    /// <returns>The format.</returns>
    public static FileFormat<T> Lines<T>(JsonSerializerOptions? options = null) => new JsonLinesFormat<T>(TypeInfo<T>(options));

    /// <summary>One array in a file, <c>[{...}, {...}]</c>. It is streamed, never held as a whole. Can be read only.</summary>
    /// <remarks>Comments are not understood, also when the options allow them.</remarks>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="options">How to read JSON; <see langword="null"/> for the web defaults.</param>
    /// <returns>The format.</returns>
    public static FileFormat<T> Array<T>(JsonSerializerOptions? options = null) => new JsonArrayFormat<T>(TypeInfo<T>(options));

    private static JsonTypeInfo<T> TypeInfo<T>(JsonSerializerOptions? options)
    {
        options ??= JsonSerializerOptions.Web;
        // Options that were never used have no resolver yet; the caller's object is not to be changed.
        if (options.TypeInfoResolver is null)
        {
            options = new JsonSerializerOptions(options) { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };
        }

        return (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T));
    }
}
