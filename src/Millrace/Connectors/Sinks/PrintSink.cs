using System.Globalization;
using System.Text;

namespace Millrace.Connectors;

/// <summary>Prints a line per record, for looking at a stream while developing.</summary>
/// <remarks>
/// At parallelism greater than 1 a line starts with the subtask that printed it, counted from 1, as in <c>2&gt; text</c>, or with a name
/// <c>late:2&gt; text</c>. Lines of different subtasks never run into each other. Numbers and dates are written for the invariant culture.
/// At-least-once.
/// </remarks>
/// <example>
/// <code>
/// var sink = new PrintSink&lt;Alert&gt;();
/// var named = new PrintSink&lt;Alert&gt;("late", Console.Error);
/// </code>
/// </example>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class PrintSink<T> : Sink<T>
{
    private readonly string? _name;
    private readonly TextWriter? _output;

    /// <summary>Creates the sink.</summary>
    /// <param name="name">Stands before every line; <see langword="null"/> for none.</param>
    /// <param name="output">Takes the lines; <see langword="null"/>, the default, for <see cref="Console.Out"/>. It is not closed.</param>
    public PrintSink(string? name = null, TextWriter? output = null)
    {
        _name = name;
        _output = output;
    }

    /// <inheritdoc/>
    public override SinkWriter<T> CreateWriter(SinkWriterContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        string prefix = (_name, context.Parallelism) switch
        {
            (null, 1) => "",
            (null, _) => string.Create(CultureInfo.InvariantCulture, $"{context.SubtaskIndex + 1}> "),
            (_, 1) => $"{_name}> ",
            _ => string.Create(CultureInfo.InvariantCulture, $"{_name}:{context.SubtaskIndex + 1}> "),
        };
        return new Writer(_output ?? Console.Out, prefix);
    }

    private sealed class Writer(TextWriter output, string prefix) : SinkWriter<T>
    {
        private readonly StringBuilder _lines = new();

        public override ValueTask WriteAsync(SinkBatch<T> batch, CancellationToken cancellationToken)
        {
            foreach (ref readonly var value in batch.Values.Span)
            {
                _lines.Append(prefix);
                if (value is null)
                {
                    _lines.Append("null");
                }
                else
                {
                    _lines.Append(CultureInfo.InvariantCulture, $"{value}");
                }

                _lines.AppendLine();
            }

            // The writer itself is the lock, because several sinks may print to the same one.
            lock (output)
            {
                output.Write(_lines);
                output.Flush();
            }

            _lines.Clear();
            return ValueTask.CompletedTask;
        }
    }
}
