namespace Millrace.Runtime.Operators;

/// <summary>The end of a stream.</summary>
internal interface ISinkOperator
{
    /// <summary>Whether writes or commits have begun and are not done.</summary>
    bool IsBusy { get; }
}
