using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators;
using Millrace.State;

namespace Millrace;

/// <summary>
/// A stream of which every subtask of the next operator gets all records, and the states that they are kept in. Comes from
/// <see cref="DataStream{T}.Broadcast{TMapKey, TValue}(MapStateDescriptor{TMapKey, TValue})"/>; is connected with the stream that reads them.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class BroadcastStream<T>
{
    internal BroadcastStream(DataStream<T> stream, IReadOnlyList<BroadcastStateDeclaration> states)
    {
        Stream = stream;
        States = states;
    }

    internal DataStream<T> Stream { get; }

    internal IReadOnlyList<BroadcastStateDeclaration> States { get; }

    /// <summary>Adds one more state.</summary>
    /// <typeparam name="TMapKey">The type of the state's keys.</typeparam>
    /// <typeparam name="TValue">The type of the state's values.</typeparam>
    /// <param name="state">Names and types the state.</param>
    /// <returns>The stream with this state too.</returns>
    /// <exception cref="ArgumentException">There is a state of this name already.</exception>
    public BroadcastStream<T> WithState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> state)
        where TMapKey : notnull
    {
        ArgumentNullException.ThrowIfNull(state);
        return States.Any(other => other.Name == state.Name)
            ? throw new ArgumentException($"The stream is broadcast with a state '{state.Name}' already. Give this one another name.", nameof(state))
            : new BroadcastStream<T>(Stream, [.. States, new BroadcastStateDeclaration<TMapKey, TValue>(state)]);
    }

    internal IEnumerable<string> Check(ISerializerCheck check) => States.SelectMany(state => state.Check(check));
}
