using Millrace.Runtime.Graph;
using Millrace.Runtime.State.Operator;
using Millrace.Runtime.Tasks;
using Millrace.State;

namespace Millrace.Runtime.Operators;

/// <summary>A state that a stream is broadcast with.</summary>
/// <param name="name">The state's name.</param>
internal abstract class BroadcastStateDeclaration(string name)
{
    public string Name { get; } = name;

    public abstract IOperatorList Open(OperatorStateBackend backend);

    /// <summary>What is wrong with the state's types.</summary>
    public abstract IEnumerable<string> Check(ISerializerCheck check);
}

/// <inheritdoc/>
internal sealed class BroadcastStateDeclaration<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor) : BroadcastStateDeclaration(descriptor.Name)
    where TMapKey : notnull
{
    public override IOperatorList Open(OperatorStateBackend backend) => backend.GetMap(descriptor);

    public override IEnumerable<string> Check(ISerializerCheck check)
    {
        if (descriptor.Ttl is not null)
        {
            yield return $"broadcast state '{Name}' has a time to live, which only keyed state can have";
        }

        if (check.WhyNotSerializable<TMapKey>() is { } key)
        {
            yield return $"the keys of broadcast state '{Name}' cannot be serialized: {key}";
        }

        if (check.WhyNotSerializable<TValue>() is { } value)
        {
            yield return $"the values of broadcast state '{Name}' cannot be serialized: {value}";
        }
    }
}

/// <summary>The broadcast states of one operator in one subtask. All of them are there from the beginning: every subtask has a copy of each in every snapshot.</summary>
/// <param name="declarations">What the stream was broadcast with.</param>
internal sealed class BroadcastStates(IReadOnlyList<BroadcastStateDeclaration> declarations)
{
    private readonly Dictionary<string, IOperatorList> _states = [];
    private OperatorContext _context = null!;

    // Functions mostly use one state, and always the same descriptor.
    private StateDescriptor? _lastDescriptor;
    private IOperatorList? _lastState;

    /// <summary>Takes what was restored. When the operator is opened.</summary>
    public void Open(OperatorContext context)
    {
        _context = context;
        foreach (var declaration in declarations)
        {
            _states[declaration.Name] = declaration.Open((OperatorStateBackend)context.OperatorState);
        }
    }

    /// <exception cref="InvalidOperationException">There is no such state.</exception>
    public OperatorMap<TMapKey, TValue> Get<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor)
        where TMapKey : notnull
    {
        // The types go with the descriptor.
        if (ReferenceEquals(descriptor, _lastDescriptor))
        {
            return (OperatorMap<TMapKey, TValue>)_lastState!;
        }

        ArgumentNullException.ThrowIfNull(descriptor);
        if (!_states.TryGetValue(descriptor.Name, out var state))
        {
            throw new InvalidOperationException(
                $"{_context.OperatorName} has no broadcast state '{descriptor.Name}', but {(_states.Count == 0 ? "none at all" : string.Join(", ", _states.Keys.Select(name => $"'{name}'")))}. Give its descriptor to Broadcast or WithState.");
        }

        if (state is not OperatorMap<TMapKey, TValue> map)
        {
            throw new InvalidOperationException(
                $"Broadcast state '{descriptor.Name}' of {_context.OperatorName} is a {state.Identity}, and is asked for with keys of {Graph.GraphPrinter.TypeName(typeof(TMapKey))} and values of {Graph.GraphPrinter.TypeName(typeof(TValue))}. Use the descriptor that the stream was broadcast with.");
        }

        _lastDescriptor = descriptor;
        _lastState = map;
        return map;
    }
}
