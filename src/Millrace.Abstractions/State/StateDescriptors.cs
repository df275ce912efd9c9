namespace Millrace.State;

/// <summary>Names a state within its operator. The name is what finds the state again in a savepoint.</summary>
public abstract class StateDescriptor
{
    private protected StateDescriptor(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        Name = name;
    }

    /// <summary>The name, unique within the operator.</summary>
    public string Name { get; }

    /// <summary>How long the state lives when nobody uses it; <see langword="null"/> for ever. For keyed state only. Default: <see langword="null"/>.</summary>
    public StateTtl? Ttl { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>Describes a <see cref="ValueState{T}"/>.</summary>
/// <typeparam name="T">The type of the value.</typeparam>
/// <param name="name">The name, unique within the operator.</param>
public sealed class ValueStateDescriptor<T>(string name) : StateDescriptor(name);

/// <summary>Describes a <see cref="ListState{T}"/>.</summary>
/// <typeparam name="T">The type of the elements.</typeparam>
/// <param name="name">The name, unique within the operator.</param>
public sealed class ListStateDescriptor<T>(string name) : StateDescriptor(name);

/// <summary>Describes a <see cref="MapState{TMapKey, TValue}"/>.</summary>
/// <typeparam name="TMapKey">The type of the map's keys.</typeparam>
/// <typeparam name="TValue">The type of the map's values.</typeparam>
/// <param name="name">The name, unique within the operator.</param>
public sealed class MapStateDescriptor<TMapKey, TValue>(string name) : StateDescriptor(name)
    where TMapKey : notnull;
