using Millrace.Runtime.State.Keyed.Ttl;
using Millrace.State.Backends;

namespace Millrace.Runtime.State;

/// <summary>What must agree when a name is asked for twice.</summary>
internal readonly record struct StateIdentity(string Name, KeyedStateKind Kind, Type Namespace, Type Value)
{
    public override string ToString()
    {
        string kind = Kind switch
        {
            KeyedStateKind.Value => $"value state of {NameOf(Value)}",
            KeyedStateKind.List => $"list state of {NameOf(Value.GenericTypeArguments[0])}",
            KeyedStateKind.Map => $"map state of {NameOf(Value.GenericTypeArguments[0])} to {NameOf(Value.GenericTypeArguments[1])}",
            _ => "set of timers",
        };

        // A timer's namespace is wrapped together with its time.
        var ns = Kind == KeyedStateKind.Timer ? Namespace.GenericTypeArguments[0] : Namespace;
        return ns == typeof(VoidNamespace) ? kind : $"{kind} by {NameOf(ns)}";
    }

    internal static string NameOf(Type type)
    {
        if (!type.IsGenericType)
        {
            return type.Name;
        }

        if (type.GetGenericTypeDefinition() == typeof(TtlValue<>))
        {
            return $"{NameOf(type.GenericTypeArguments[0])} with a time to live";
        }

        int tick = type.Name.IndexOf('`', StringComparison.Ordinal);
        return $"{(tick < 0 ? type.Name : type.Name[..tick])}<{string.Join(", ", type.GenericTypeArguments.Select(NameOf))}>";
    }
}
