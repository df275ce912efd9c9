using System.Globalization;
using Millrace.Runtime.Diagnostics;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Operators;

/// <summary>
/// What happens to a record that user code threw on, in one subtask of an operator. Entered only behind an exception: where none is thrown it costs nothing.
/// </summary>
/// <param name="context">The operator's place.</param>
/// <param name="sideOutputs">Takes dead letters.</param>
internal sealed class OperatorErrors(OperatorContext context, SideOutputs sideOutputs)
{
    private const int MaxDetails = 8_000;
    private const int MaxRecordText = 4_000;
    private const int MaxExcerpt = 200;
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);
    private readonly ErrorPolicy _policy = context.ErrorPolicy;
    private long? _loggedAt;
    private long _unlogged;

    /// <summary>Whether every error fails the job.</summary>
    public bool Fails => _policy.Fails;

    /// <summary>
    /// Whether an exception may be one of user code. Others have been given a message by whoever threw them, and go on as they are: an operator behind this one, the exchange, the engine.
    /// </summary>
    public static bool MayBeOfUserCode(Exception cause) => cause is not (OperatorException or MillraceException or OutOfMemoryException);

    /// <summary>Deals with a record as the policy says; comes back if the operator is to go on with the next.</summary>
    /// <typeparam name="T">The type of the record.</typeparam>
    /// <param name="cause">What user code threw.</param>
    /// <param name="record">The record.</param>
    /// <param name="timestamp">Its timestamp.</param>
    /// <param name="key">Its key, where there is one.</param>
    /// <param name="stage">What the operator was doing.</param>
    /// <param name="input">Which input the record came from.</param>
    /// <param name="during">The same for people.</param>
    /// <param name="position">Where the record stands in what was read.</param>
    /// <exception cref="OperatorException">The job is to fail.</exception>
    public void OnRecord<T>(
        Exception cause, T record, long timestamp, object? key = null, FailureStage stage = FailureStage.Record, int input = 0, string during = "on a record", string? position = null)
    {
        if (IsToFail(cause))
        {
            throw Failure(cause, during, $" The record: {Excerpt(record)}{Where(timestamp, key, position)}.");
        }

        Count(cause, during);
        var facts = new Facts(cause, stage, timestamp, Text(key), position, input);
        if (_policy.TagFor<T>() is { } tag)
        {
            sideOutputs.Emit(tag, Letter<T>(facts) with { Record = record, HasRecord = true }, timestamp);
        }
        else if (_policy.TagFor<string>() is { } text)
        {
            sideOutputs.Emit(text, Letter<string>(facts) with { Record = Shorten(Text(record) ?? "null", MaxRecordText), HasRecord = true }, timestamp);
        }
    }

    /// <summary>Does the same where there is no record: a timer, a window that fires.</summary>
    /// <param name="cause">What user code threw.</param>
    /// <param name="stage">What the operator was doing.</param>
    /// <param name="timestamp">When it was due, in event time.</param>
    /// <param name="key">The key.</param>
    /// <param name="position">Which window.</param>
    /// <param name="during">What the operator was doing, for people.</param>
    /// <exception cref="OperatorException">The job is to fail.</exception>
    public void OnNoRecord(Exception cause, FailureStage stage, long timestamp, object? key, string? position, string during)
    {
        if (IsToFail(cause))
        {
            string where = Where(timestamp, key, position);
            throw Failure(cause, during, where.Length == 0 ? "" : $" It was{where[1..]}.");
        }

        Count(cause, during);
        EmitWithoutRecord(new Facts(cause, stage, timestamp, Text(key), position, 0), null);
    }

    /// <summary>Deals with input of a source that is no record.</summary>
    /// <param name="cause">What is wrong.</param>
    /// <param name="position">Where the input stands.</param>
    /// <param name="raw">The input, perhaps cut off.</param>
    /// <returns>Whether the source is to go on; if not, it fails with an error of its own, which knows more.</returns>
    public bool OnInput(Exception cause, string? position, string? raw)
    {
        if (_policy.Fails)
        {
            return false;
        }

        Count(cause, "on its input");
        EmitWithoutRecord(new Facts(cause, FailureStage.Input, EventTime.None, null, position, 0), raw);
        return true;
    }

    /// <summary>Whether the policy has nothing to say: the error is not one of the record.</summary>
    public bool IsToFail(Exception cause) =>
        _policy.Fails || IsOfState(cause) || (cause is OperationCanceledException && context.CancellationToken.IsCancellationRequested);

    // Function code may have put the error of the state backend into one of its own.
    private bool IsOfState(Exception cause)
    {
        for (var error = cause; error is not null; error = error.InnerException)
        {
            if (error is OutOfMemoryException or MillraceException || context.Options.StateBackend?.IsFailureOfState(error) == true)
            {
                return true;
            }
        }

        return false;
    }

    private OperatorException Failure(Exception cause, string during, string where)
    {
        string advice = _policy.Fails && cause is not OperationCanceledException
            ? " To go on without what fails, call .OnError(ErrorPolicy.Skip) or .OnError(ErrorPolicy.ToSideOutput(tag)) behind the operator."
            : "";
        string message = cause.Message.Length > 0 && char.IsPunctuation(cause.Message[^1]) ? cause.Message : cause.Message + ".";
        return new OperatorException($"{context.SubtaskName} failed {during}: {cause.GetType().Name}: {message}{where}{advice}", cause);
    }

    private void Count(Exception cause, string during)
    {
        context.Metrics.AddRecordInError();
        _unlogged++;
        long now = context.TimeProvider.GetTimestamp();
        if (_loggedAt is { } last && context.TimeProvider.GetElapsedTime(last, now) < LogInterval)
        {
            return;
        }

        Log.RecordInError(context.Logger, cause, context.SubtaskName, during, _unlogged, context.Metrics.RecordsInErrors, _policy.Routes.Count == 0 ? "left out" : "put into a side output");
        _loggedAt = now;
        _unlogged = 0;
    }

    private void EmitWithoutRecord(in Facts facts, string? raw)
    {
        if (_policy.Routes.Count > 0)
        {
            _policy.Routes[0].Visit(new Emission(this, facts, raw));
        }
    }

    private DeadLetter<T> Letter<T>(in Facts facts) => new()
    {
        Stage = facts.Stage,
        Operator = context.OperatorName,
        OperatorUid = context.OperatorUid,
        SubtaskIndex = context.SubtaskIndex,
        InputIndex = facts.Input,
        ExceptionType = facts.Cause.GetType().FullName ?? facts.Cause.GetType().Name,
        Message = facts.Cause.Message,
        Details = Shorten(facts.Cause.ToString(), MaxDetails),
        Timestamp = facts.Timestamp,
        FailedAt = context.ProcessingTime,
        Key = facts.Key,
        Position = facts.Position,
    };

    private static string Where(long timestamp, object? key, string? position) =>
        (key is null ? "" : $", of key {Excerpt(key)}") + (position is null ? "" : $", {position}")
        + (timestamp is EventTime.None or EventTime.MaxWatermark ? "" : string.Create(CultureInfo.InvariantCulture, $", of timestamp {timestamp}"));

    private static string Excerpt<T>(T value) => Shorten((Text(value) ?? "null").ReplaceLineEndings(" "), MaxExcerpt);

    private static string? Text<T>(T value)
    {
        try
        {
            return value is IFormattable formattable ? formattable.ToString(null, CultureInfo.InvariantCulture) : value?.ToString();
        }
        catch (Exception cause) when (cause is not OutOfMemoryException)
        {
            // User code as well, and just here its error is of no interest.
            return $"({typeof(T).Name}, whose ToString throws {cause.GetType().Name})";
        }
    }

    private static string Shorten(string text, int length) =>
        text.Length <= length ? text : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[length - 1]) ? length - 1 : length), "…");

    private readonly record struct Facts(Exception Cause, FailureStage Stage, long Timestamp, string? Key, string? Position, int Input);

    private sealed class Emission(OperatorErrors owner, Facts facts, string? raw) : IDeadLetterVisitor
    {
        public void Visit<T>(OutputTag<DeadLetter<T>> tag) => owner.Emit(tag, owner.Letter<T>(facts) with { RawInput = raw }, facts.Timestamp);
    }

    private void Emit<T>(OutputTag<DeadLetter<T>> tag, DeadLetter<T> letter, long timestamp) => sideOutputs.Emit(tag, letter, timestamp);
}
