using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Millrace.Connectors;

/// <summary>Turns the bytes of one JSON value into a record.</summary>
internal sealed class JsonRowParser<T>(JsonTypeInfo<T> type)
{
    private readonly bool _nullIsARecord = Nullable.GetUnderlyingType(typeof(T)) is not null;

    public bool AllowsTrailingCommas => type.Options.AllowTrailingCommas;

    public bool TryParse(ReadOnlySpan<byte> row, [MaybeNullWhen(false)] out T record, out string error, out Exception? cause)
    {
        error = "";
        cause = null;
        try
        {
            record = JsonSerializer.Deserialize(row, type)!;
            if (record is not null || _nullIsARecord)
            {
                return true;
            }

            error = $"expected a {typeof(T).Name}, found null";
            return false;
        }
        // A constructor or converter of the user's may throw what it likes; a type that System.Text.Json cannot read at all is no matter of the row.
        catch (Exception exception) when (exception is not (NotSupportedException or OutOfMemoryException))
        {
            record = default;
            cause = exception;
            error = $"expected JSON that makes a {typeof(T).Name}: {exception.Message.TrimEnd('.')}";
            return false;
        }
    }
}
