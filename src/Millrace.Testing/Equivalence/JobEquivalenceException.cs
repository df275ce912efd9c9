namespace Millrace.Testing;

/// <summary>A job's results were not the same in another way of running it. The message says which way, what differs, and how to repeat the run.</summary>
public sealed class JobEquivalenceException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What differs.</param>
    /// <param name="innerException">The error that the job ended with, if it did.</param>
    public JobEquivalenceException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
