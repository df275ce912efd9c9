using System.Runtime.CompilerServices;

namespace Millrace.StateProcessing;

/// <summary>The state of a savepoint as bounded streams, for jobs that analyse it. Sources are read by key groups, in as many subtasks as there are; the savepoint must stay open while the job runs.</summary>
public static class SavepointStreams
{
    /// <summary>A stream of the keys and values of a value state.</summary>
    /// <typeparam name="TKey">The type of the keys.</typeparam>
    /// <typeparam name="TValue">The type of the values.</typeparam>
    /// <param name="env">The job.</param>
    /// <param name="savepoint">The savepoint.</param>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="stateName">The state's name.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream, in no particular order.</returns>
    /// <exception cref="MillraceException">A type cannot be serialized.</exception>
    public static SingleOutputStream<(TKey Key, TValue Value)> FromSavepoint<TKey, TValue>(
        this StreamExecutionEnvironment env, SavepointReader savepoint, string uid, string stateName, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        From(env, savepoint, uid, reader => reader.ValueReading<TKey, TValue>(stateName), file, line);

    /// <summary>A stream of the keys and lists of a list state.</summary>
    /// <typeparam name="TKey">The type of the keys.</typeparam>
    /// <typeparam name="T">The type of the elements.</typeparam>
    /// <param name="env">The job.</param>
    /// <param name="savepoint">The savepoint.</param>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="stateName">The state's name.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream, in no particular order.</returns>
    /// <exception cref="MillraceException">A type cannot be serialized.</exception>
    public static SingleOutputStream<(TKey Key, IReadOnlyList<T> Values)> FromSavepointList<TKey, T>(
        this StreamExecutionEnvironment env, SavepointReader savepoint, string uid, string stateName, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        From(env, savepoint, uid, reader => reader.ListReading<TKey, T>(stateName), file, line);

    /// <summary>A stream of the timers of a keyed process function.</summary>
    /// <typeparam name="TKey">The type of the keys.</typeparam>
    /// <param name="env">The job.</param>
    /// <param name="savepoint">The savepoint.</param>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="domain">Which of the two kinds.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream, in no particular order.</returns>
    public static SingleOutputStream<SavepointTimer<TKey>> FromSavepointTimers<TKey>(
        this StreamExecutionEnvironment env, SavepointReader savepoint, string uid, TimeDomain domain, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        From(env, savepoint, uid, reader => reader.TimerReading<TKey>(StateNames.TimersOf(domain)), file, line);

    /// <summary>A stream of what a function makes of each key.</summary>
    /// <typeparam name="TKey">The type of the keys.</typeparam>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="env">The job.</param>
    /// <param name="savepoint">The savepoint.</param>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="createFunction">Makes the function; called for each run of key groups.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream, in no particular order.</returns>
    public static SingleOutputStream<TOut> FromSavepointKeys<TKey, TOut>(
        this StreamExecutionEnvironment env,
        SavepointReader savepoint,
        string uid,
        Func<KeyedStateReaderFunction<TKey, TOut>> createFunction,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(createFunction);
        return From(env, savepoint, uid, reader => new FunctionReading<TKey, TOut>(createFunction, reader.Serializers, reader.Files.Operator(uid).MaxParallelism), file, line);
    }

    private static SingleOutputStream<T> From<T>(
        StreamExecutionEnvironment env, SavepointReader savepoint, string uid, Func<SavepointReader, KeyedReading<T>> reading, string file, int line)
    {
        ArgumentNullException.ThrowIfNull(env);
        ArgumentNullException.ThrowIfNull(savepoint);
        ArgumentException.ThrowIfNullOrWhiteSpace(uid);
        return env.FromSource(new SavepointSource<T>(savepoint, uid, reading(savepoint)), null, "Savepoint", file, line);
    }
}
