using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Millrace.Serialization;
using PolyType;
using PolyType.ReflectionProvider;

namespace Millrace.Runtime.Serialization;

/// <summary>Makes serializers and keeps them; holds the user's own ones, which go before. Safe for use by several threads at once.</summary>
internal sealed class SerializerRegistry
{
    private readonly ConcurrentDictionary<Type, object> _custom = new();
    private readonly ConcurrentDictionary<Type, object> _made = new();
    private readonly Lock _making = new();

    /// <summary>Uses a serializer for a type, wherever the type occurs.</summary>
    public void Register<T>(TypeSerializer<T> serializer)
    {
        ArgumentNullException.ThrowIfNull(serializer);
        lock (_making)
        {
            _custom[typeof(T)] = serializer;

            // What was made before may contain the type.
            _made.Clear();
        }
    }

    /// <summary>The serializer of a type.</summary>
    /// <exception cref="MillraceException">MR1101: the type cannot be serialized; the message names the member.</exception>
    public TypeSerializer<T> Get<T>() =>
        TryGet<T>(out var serializer, out string? refusal) ? serializer : throw new MillraceException("MR1101", refusal);

    /// <summary>Why a type cannot be serialized; null when it can.</summary>
    public string? WhyNotSerializable<T>() => TryGet<T>(out _, out string? refusal) ? null : refusal;

    /// <summary>The user's own serializer of a type, if there is one.</summary>
    public TypeSerializer<T>? FindCustom<T>() => _custom.TryGetValue(typeof(T), out object? custom) ? (TypeSerializer<T>)custom : null;

    internal bool TryGetMade(Type type, [NotNullWhen(true)] out object? serializer) => _made.TryGetValue(type, out serializer);

    private bool TryGet<T>([NotNullWhen(true)] out TypeSerializer<T>? serializer, [NotNullWhen(false)] out string? refusal)
    {
        refusal = null;
        serializer = FindCustom<T>() ?? Scalars.Find<T>();
        if (serializer is not null)
        {
            return true;
        }

        if (_made.TryGetValue(typeof(T), out object? known))
        {
            serializer = (TypeSerializer<T>)known;
            return true;
        }

        try
        {
            lock (_making)
            {
                if (Refusals.Find(typeof(T)) is { } reason)
                {
                    throw new NotSerializableException($"{TypeNames.Of(typeof(T))} {reason}");
                }

                var builder = new SerializerBuilder(this);
                serializer = builder.Build(ReflectionTypeShapeProvider.Default.GetTypeShapeOrThrow<T>(), TypeNames.Of(typeof(T)));
                foreach (var (type, made) in builder.Complete)
                {
                    _made.TryAdd(type, made);
                }
            }

            return true;
        }
        catch (NotSerializableException exception)
        {
            refusal = exception.Message;
            return false;
        }
    }
}
