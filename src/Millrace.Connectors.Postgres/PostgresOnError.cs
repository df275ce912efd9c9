namespace Millrace.Connectors;

/// <summary>What a <see cref="PostgresSink{T}"/> does with a record that the server refuses: a constraint does not hold, or a value does not fit its column.</summary>
public enum PostgresOnError
{
    /// <summary>The job fails with error MR7204, which shows the record.</summary>
    Fail,

    /// <summary>The record is left out, logged and counted in <see cref="PostgresSink{T}.SkippedRows"/>. The rows around it are written.</summary>
    Skip,
}
