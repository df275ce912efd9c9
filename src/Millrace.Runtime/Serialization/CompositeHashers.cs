using Millrace.Serialization;
using PolyType;
using PolyType.Abstractions;

namespace Millrace.Runtime.Serialization;

/// <summary>Combines the hashes of the members.</summary>
internal sealed class ObjectHasher<T>(MemberHasher<T>[] members) : StableHasher<T>
{
    public override ulong Hash(T key)
    {
        if (!typeof(T).IsValueType && key is null)
        {
            return HashMixing.Null;
        }

        ulong hash = HashMixing.Seed;
        foreach (var member in members)
        {
            hash = HashMixing.Combine(hash, member.Hash(ref key));
        }

        return hash;
    }
}

/// <summary>Hashes a member.</summary>
internal abstract class MemberHasher<T>
{
    /// <summary>Hashes the value of the member: a <see cref="StableHasher{T}"/> of its type.</summary>
    public abstract object OfValue { get; }

    public abstract ulong Hash(ref T value);
}

/// <summary>Hashes a member, with its type.</summary>
internal sealed class MemberHasher<T, TMember>(Getter<T, TMember> get, StableHasher<TMember> hasher) : MemberHasher<T>
{
    public override object OfValue => hasher;

    public override ulong Hash(ref T value) => hasher.Hash(get(ref value));
}

/// <summary>Asks the key.</summary>
internal sealed class OwnHasher<T> : StableHasher<T>
    where T : IStableHashable
{
    public override ulong Hash(T key) => key is null ? HashMixing.Null : HashMixing.Mix(key.GetStableHash());
}

/// <summary>Hashes a value that may be absent; one that is there hashes as itself, so that a key that becomes nullable stays in its key group.</summary>
internal sealed class OptionalHasher<TOptional, TElement>(OptionDeconstructor<TOptional, TElement> deconstruct, StableHasher<TElement> element)
    : StableHasher<TOptional>
{
    public override ulong Hash(TOptional key) => deconstruct(key, out var value) ? element.Hash(value!) : HashMixing.Null;
}

/// <summary>Hashes the name of the case with its value.</summary>
internal sealed class UnionHasher<T>(Getter<T, int> indexOf, UnionCaseHasher<T>[] cases) : StableHasher<T>
{
    public override ulong Hash(T key)
    {
        if (!typeof(T).IsValueType && key is null)
        {
            return HashMixing.Null;
        }

        int index = indexOf(ref key);
        var unionCase = cases[index < 0 ? cases.Length - 1 : index];
        return HashMixing.Combine(unionCase.NameHash, unionCase.Hash(key));
    }
}

/// <summary>Hashes a case of a union.</summary>
internal abstract class UnionCaseHasher<T>(string name)
{
    public ulong NameHash { get; } = HashMixing.Text(name);

    public abstract ulong Hash(T key);
}

/// <summary>Hashes a case of a union, with its type; without a marshaler it is the base type itself.</summary>
internal sealed class UnionCaseHasher<T, TCase>(string name, IMarshaler<TCase, T>? marshaler, StableHasher<TCase> hasher) : UnionCaseHasher<T>(name)
{
    public override ulong Hash(T key) => hasher.Hash(marshaler is null ? (TCase)(object)key! : marshaler.Unmarshal(key)!);
}

/// <summary>Stands for a hasher that is still being made, where a type contains itself, and bounds the depth.</summary>
internal sealed class RecursiveHasher<T> : StableHasher<T>
{
    public StableHasher<T>? Target { get; set; }

    public override ulong Hash(T key)
    {
        Depth.Enter(typeof(T));
        try
        {
            return Target!.Hash(key);
        }
        finally
        {
            Depth.Leave();
        }
    }
}
