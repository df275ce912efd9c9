namespace Millrace;

/// <summary>A record that an operator failed on, with all that is needed to find out why, and to process it once more.</summary>
/// <remarks>
/// It can be serialized where <typeparamref name="T"/> can: it goes through exchanges, into checkpoints and into sinks like any record. The exception is there as text, because
/// exceptions cannot be serialized.
/// </remarks>
/// <typeparam name="T">
/// The type of the operator's input; for a source that of its records. Or <see cref="string"/>, for any operator: then the record is there as its <c>ToString</c>.
/// </typeparam>
/// <example><code>broken.Filter(letter =&gt; letter.HasRecord).Map(letter =&gt; letter.Record!)</code></example>
public sealed record DeadLetter<T>
{
    /// <summary>The record; the type's default where <see cref="HasRecord"/> is <see langword="false"/>.</summary>
    public T? Record { get; init; }

    /// <summary>Whether there is a record: not for a timer, a window that fired, or input that could not be read as a record.</summary>
    public bool HasRecord { get; init; }

    /// <summary>What the operator was doing.</summary>
    public FailureStage Stage { get; init; }

    /// <summary>The name of the operator that failed.</summary>
    public string Operator { get; init; } = "";

    /// <summary>Its uid.</summary>
    public string OperatorUid { get; init; } = "";

    /// <summary>The index of its subtask, from 0.</summary>
    public int SubtaskIndex { get; init; }

    /// <summary>Which of its inputs the record came from: 0, or 1 for the second of a connected stream.</summary>
    public int InputIndex { get; init; }

    /// <summary>The full name of the exception's type.</summary>
    public string ExceptionType { get; init; } = "";

    /// <summary>The exception's message.</summary>
    public string Message { get; init; } = "";

    /// <summary>The exception as <c>ToString</c> gives it, with inner exceptions and stacks, cut off after 8,000 characters.</summary>
    public string Details { get; init; } = "";

    /// <summary>
    /// The record's timestamp, in milliseconds since 1970-01-01 UTC; for a timer of event time or a window the time that it was due at; <see cref="EventTime.None"/> where there is none.
    /// </summary>
    public long Timestamp { get; init; } = EventTime.None;

    /// <summary>When the operator failed, by the clock, in milliseconds since 1970-01-01 UTC.</summary>
    public long FailedAt { get; init; }

    /// <summary>The key as text, where the operator is keyed and the key is known.</summary>
    public string? Key { get; init; }

    /// <summary>Where the input stands: file, line and byte; split and offset; the bounds of a window. <see langword="null"/> where it is not known.</summary>
    public string? Position { get; init; }

    /// <summary>What a source could not make a record of, as text, perhaps cut off; <see langword="null"/> in other stages.</summary>
    public string? RawInput { get; init; }
}
