namespace Millrace.Testing;

/// <summary>A source or sink does not do what the engine counts on.</summary>
/// <param name="message">What it was to do, what it did, and in which situation.</param>
/// <param name="innerException">The exception that it threw, if it did.</param>
public sealed class ConformanceException(string message, Exception? innerException = null) : Exception(message, innerException);
