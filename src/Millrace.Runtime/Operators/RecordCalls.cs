using System.Runtime.CompilerServices;

namespace Millrace.Runtime.Operators;

/// <summary>How an operator calls the user's function with a record. A struct, so that each way is code of its own, with nothing between the operator's loop and the user's delegate.</summary>
/// <typeparam name="TIn">The type of the record.</typeparam>
/// <typeparam name="TOut">The type of the result.</typeparam>
internal interface IRecordFunc<TIn, out TOut>
{
    TOut Call(in TIn record);
}

/// <summary>As <see cref="IRecordFunc{TIn, TOut}"/>, for functions that emit.</summary>
/// <typeparam name="TIn">The type of the record.</typeparam>
/// <typeparam name="TWith">What they emit into.</typeparam>
internal interface IRecordAction<TIn, in TWith>
{
    void Call(in TIn record, TWith with);
}

/// <summary>The function gets a copy.</summary>
internal readonly struct FuncByValue<TIn, TOut>(Func<TIn, TOut> function) : IRecordFunc<TIn, TOut>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TOut Call(in TIn record) => function(record);
}

/// <summary>The function gets a reference: a struct of a cache line that is copied for the call, and again for what the function does with it, costs several times as much as what it does with it.</summary>
internal readonly struct FuncByReference<TIn, TOut>(InFunc<TIn, TOut> function) : IRecordFunc<TIn, TOut>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TOut Call(in TIn record) => function(in record);
}

/// <inheritdoc cref="FuncByValue{TIn, TOut}"/>
internal readonly struct ActionByValue<TIn, TWith>(Action<TIn, TWith> action) : IRecordAction<TIn, TWith>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Call(in TIn record, TWith with) => action(record, with);
}

/// <inheritdoc cref="FuncByReference{TIn, TOut}"/>
internal readonly struct ActionByReference<TIn, TWith>(InAction<TIn, TWith> action) : IRecordAction<TIn, TWith>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Call(in TIn record, TWith with) => action(in record, with);
}
