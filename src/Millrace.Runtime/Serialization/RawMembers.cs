using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PolyType.Abstractions;

namespace Millrace.Runtime.Serialization;

/// <summary>
/// Finds members of structs whose bytes in memory are what is written of them, so that neighbours are written with one copy and not with three indirect calls each.
/// </summary>
internal static class RawMembers
{
    private const int NotRaw = -1;

    // Each byte tells its place only together with its neighbours, so the same member is looked for under several patterns; one-byte members need the most.
    private const int Patterns = 4;

    /// <summary>Where in a struct a member's bytes are; -1 where they are not the bytes that its getter gives, or where that cannot be told.</summary>
    /// <param name="property">The member.</param>
    /// <param name="get">Its getter.</param>
    /// <param name="isRaw">Whether the value in memory is the format, and every bit pattern is a value.</param>
    public static int OffsetOf<T, TMember>(IPropertyShape property, Getter<T, TMember> get, bool isRaw)
    {
        int length = Unsafe.SizeOf<TMember>();
        if (!isRaw || !IsPlain(property) || !typeof(T).IsValueType || RuntimeHelpers.IsReferenceOrContainsReferences<T>() || length > Unsafe.SizeOf<T>())
        {
            return NotRaw;
        }

        int found = NotRaw;
        for (int offset = 0; offset <= Unsafe.SizeOf<T>() - length; offset++)
        {
            if (!IsAt(get, offset))
            {
                continue;
            }

            if (found != NotRaw)
            {
                return NotRaw;
            }

            found = offset;
        }

        return found;
    }

    private static bool IsAt<T, TMember>(Getter<T, TMember> get, int offset)
    {
        for (int pattern = 0; pattern < Patterns; pattern++)
        {
            T value = default!;
            var bytes = MemoryMarshal.CreateSpan(ref Unsafe.As<T, byte>(ref value), Unsafe.SizeOf<T>());
            for (int i = 0; i < bytes.Length; i++)
            {
                // Any function that repeats late will do.
                bytes[i] = (byte)((((i + 1) * 2_654_435_761u) + ((uint)pattern * 40_503u)) >> (pattern * 7));
            }

            var member = get(ref value);
            var got = MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<TMember, byte>(ref member), Unsafe.SizeOf<TMember>());
            if (!got.SequenceEqual(bytes.Slice(offset, got.Length)))
            {
                return false;
            }
        }

        return true;
    }

    // A getter that somebody wrote may change some values and not others, which no pattern would show.
    private static bool IsPlain(IPropertyShape property) => property.MemberInfo switch
    {
        FieldInfo => true,
        PropertyInfo { GetMethod: { } getter } => getter.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false),
        _ => false,
    };
}

/// <summary>A step of writing an object: one member, or several as they are in memory.</summary>
/// <param name="Member">The member; null for several.</param>
/// <param name="Offset">Where in the struct they begin.</param>
/// <param name="Length">How many bytes they have.</param>
internal readonly record struct WriteStep<T, TState>(ObjectMember<T, TState>? Member, int Offset, int Length)
{
    /// <summary>The steps for members that are written in this order.</summary>
    public static WriteStep<T, TState>[] For(IReadOnlyList<ObjectMember<T, TState>> members)
    {
        var steps = new List<WriteStep<T, TState>>();
        foreach (var member in members)
        {
            if (member.RawOffset < 0)
            {
                steps.Add(new WriteStep<T, TState>(member, 0, 0));
            }
            else if (steps.Count > 0 && steps[^1] is { Member: null } last && last.Offset + last.Length == member.RawOffset)
            {
                steps[^1] = last with { Length = last.Length + member.RawLength };
            }
            else
            {
                steps.Add(new WriteStep<T, TState>(null, member.RawOffset, member.RawLength));
            }
        }

        return [.. steps];
    }
}
