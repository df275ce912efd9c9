using System.Runtime.CompilerServices;

namespace Millrace;

/// <summary>
/// Copies large structs with references into arrays. The just-in-time compiler copies what lies between references with an instruction (<c>rep movs</c>) that takes 20 to 30 cycles to begin
/// with, as soon as four words are next to each other; here each word is one move, and only references pay for the garbage collector.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal static class RecordCopy<T>
{
    private const int Word = 8;
    private const int FewestWords = 5;
    private const int MostWords = 16;

    // A bit for each word that is a reference; 0 where it is not known which are. A constant for the compiler when it compiles a caller for the last time.
    private static readonly uint References = IsCandidate && RuntimeFeature.IsDynamicCodeSupported ? ReferenceWords.Of(typeof(T)) : 0;

    // A reference is a word only where the process has 64 bits. There the size of a struct with references is a whole number of words, however it is laid out.
    private static bool IsCandidate
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Unsafe.SizeOf<nint>() == Word && RuntimeHelpers.IsReferenceOrContainsReferences<T>()
            && Unsafe.SizeOf<T>() >= FewestWords * Word && Unsafe.SizeOf<T>() <= MostWords * Word;
    }

    /// <summary>Writes a value.</summary>
    /// <param name="target">Where.</param>
    /// <param name="value">What.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ref T target, ref readonly T value)
    {
        if (!IsCandidate || References == 0)
        {
            target = value;
            return;
        }

        ref byte to = ref Unsafe.As<T, byte>(ref target);
        ref byte from = ref Unsafe.As<T, byte>(ref Unsafe.AsRef(in value));
        WriteWord(ref to, ref from, 0);
        WriteWord(ref to, ref from, 1);
        WriteWord(ref to, ref from, 2);
        WriteWord(ref to, ref from, 3);
        WriteWord(ref to, ref from, 4);
        WriteWord(ref to, ref from, 5);
        WriteWord(ref to, ref from, 6);
        WriteWord(ref to, ref from, 7);
        WriteWord(ref to, ref from, 8);
        WriteWord(ref to, ref from, 9);
        WriteWord(ref to, ref from, 10);
        WriteWord(ref to, ref from, 11);
        WriteWord(ref to, ref from, 12);
        WriteWord(ref to, ref from, 13);
        WriteWord(ref to, ref from, 14);
        WriteWord(ref to, ref from, 15);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteWord(ref byte to, ref byte from, int word)
    {
        if (Unsafe.SizeOf<T>() <= word * Word)
        {
            return;
        }

        if ((References & (1u << word)) != 0)
        {
            Unsafe.As<byte, object?>(ref Unsafe.Add(ref to, word * Word)) = Unsafe.As<byte, object?>(ref Unsafe.Add(ref from, word * Word));
        }
        else
        {
            Unsafe.As<byte, long>(ref Unsafe.Add(ref to, word * Word)) = Unsafe.As<byte, long>(ref Unsafe.Add(ref from, word * Word));
        }
    }
}
