namespace Millrace;

/// <summary>An error of the engine, with a stable code that has a page in docs/errors.</summary>
public class MillraceException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="code">The stable code, for example <c>MR1001</c>.</param>
    /// <param name="message">What happened, the present value, and what to do.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public MillraceException(string code, string message, Exception? innerException = null)
        : base($"{code}: {message}", innerException)
    {
        Code = code;
        Words = message;
    }

    /// <summary>The stable code.</summary>
    public string Code { get; }

    /// <summary>The message without the code, for where that has a place of its own.</summary>
    internal string Words { get; }
}

/// <summary>The job's graph is wrong. Nothing has run.</summary>
/// <param name="code">The stable code.</param>
/// <param name="message">What is wrong, at which operator and call site, and what to do.</param>
/// <param name="innerException">The cause, if there is one.</param>
public sealed class GraphException(string code, string message, Exception? innerException = null) : MillraceException(code, message, innerException);

/// <summary>The job failed while it ran: a function threw, a source could not read, a subtask got stuck.</summary>
/// <param name="code">The stable code.</param>
/// <param name="message">What happened, and where.</param>
/// <param name="innerException">The cause.</param>
public sealed class JobFailedException(string code, string message, Exception? innerException = null) : MillraceException(code, message, innerException);

/// <summary>A source or sink could not do its work.</summary>
/// <param name="code">The stable code.</param>
/// <param name="message">What happened, to which file, partition or record, and what to do.</param>
/// <param name="isTransient">Whether trying again may help.</param>
/// <param name="innerException">The cause, if there is one.</param>
public class ConnectorException(string code, string message, bool isTransient = false, Exception? innerException = null) : MillraceException(code, message, innerException)
{
    /// <summary>Whether trying again may help.</summary>
    public bool IsTransient { get; } = isTransient;
}

/// <summary>State that was written by an earlier program cannot be read by this one.</summary>
/// <param name="code">The stable code.</param>
/// <param name="message">The state, the type, the member, and what to do.</param>
/// <param name="innerException">The cause, if there is one.</param>
public sealed class StateIncompatibleException(string code, string message, Exception? innerException = null) : MillraceException(code, message, innerException);

/// <summary>
/// Thrown by a function, source or sink to say that starting the job again would not help: the job fails at once, whatever its <see cref="RestartStrategy"/>. Counts
/// wherever it stands in the chain of inner exceptions.
/// </summary>
/// <param name="message">What happened, and what to do before the job is started again.</param>
/// <param name="innerException">The cause, if there is one.</param>
/// <example>
/// <code>
/// public override void Open(RuntimeContext context) =>
///     _rates = File.Exists(_path) ? Read(_path) : throw new NonRecoverableException($"There is no table of rates at {_path}. Put it there and start the job again.");
/// </code>
/// </example>
public sealed class NonRecoverableException(string message, Exception? innerException = null) : MillraceException("MR2003", message, innerException);
