using Millrace.Runtime.Exchange;

namespace Millrace.Runtime.Operators;

/// <summary>
/// An operator with two inputs of different types. Records of each come to a receiver of their own; control elements come once for both, put together
/// by an <see cref="InputCombiner"/>.
/// </summary>
internal interface ITwoInputOperator
{
    /// <summary>Where the records of an input go. Takes no control elements.</summary>
    /// <typeparam name="T">The type of the input.</typeparam>
    /// <param name="input">0 or 1.</param>
    IReceiver<T> InputOf<T>(int input);

    /// <summary>Takes what holds for both inputs together.</summary>
    void Control(in ControlElement element);
}
