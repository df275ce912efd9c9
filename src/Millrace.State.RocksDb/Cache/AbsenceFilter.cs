using System.Runtime.CompilerServices;

namespace Millrace.State.RocksDb.Cache;

/// <summary>
/// Knows of most keys that are not in the store that they are not: a Bloom filter in blocks of a cache line, with about 10 bits a key, which grows by
/// adding filters of twice the size. A new key costs no read of the store then.
/// </summary>
internal sealed class AbsenceFilter
{
    private const int FirstCapacity = 512;
    private const int BitsPerKey = 10;
    private const int WordsPerBlock = 8;
    private const ulong Mix = 0x9E37_79B9_7F4A_7C15;

    private readonly List<(ulong[] Words, int Capacity)> _parts = [];
    private int _inLast;

    /// <summary>How many keys were added, some perhaps twice.</summary>
    public long Added { get; private set; }

    /// <summary>How many bytes it takes.</summary>
    public long Size { get; private set; }

    public void Add(ulong hash)
    {
        if (_parts.Count == 0 || _inLast >= _parts[^1].Capacity)
        {
            int capacity = _parts.Count == 0 ? FirstCapacity : _parts[^1].Capacity * 2;
            var words = new ulong[capacity * BitsPerKey / 64 / WordsPerBlock * WordsPerBlock];
            _parts.Add((words, capacity));
            Size += words.Length * sizeof(ulong);
            _inLast = 0;
        }

        if (Set(_parts[^1].Words, hash * Mix))
        {
            _inLast++;
            Added++;
        }
    }

    /// <summary>Whether a key may have been added: never false for one that was.</summary>
    public bool MayContain(ulong hash)
    {
        ulong mixed = hash * Mix;
        for (int part = _parts.Count - 1; part >= 0; part--)
        {
            if (Has(_parts[part].Words, mixed))
            {
                return true;
            }
        }

        return false;
    }

    private static ref ulong BlockOf(ulong[] words, ulong mixed)
    {
        uint blocks = (uint)words.Length / WordsPerBlock;
        return ref words[(int)(((mixed >> 32) * blocks) >> 32) * WordsPerBlock];
    }

    // Six bits of the block, each in a word of its own choice: 3 bits for the word, 6 for the bit.
    private static bool Has(ulong[] words, ulong mixed)
    {
        ref ulong block = ref BlockOf(words, mixed);
        ulong bits = Spread(mixed);
        for (int i = 0; i < 6; i++, bits >>= 9)
        {
            if ((Unsafe.Add(ref block, (int)(bits & 7)) & (1UL << (int)((bits >> 3) & 63))) == 0)
            {
                return false;
            }
        }

        return true;
    }

    private static bool Set(ulong[] words, ulong mixed)
    {
        ref ulong block = ref BlockOf(words, mixed);
        ulong bits = Spread(mixed);
        bool isNew = false;
        for (int i = 0; i < 6; i++, bits >>= 9)
        {
            ref ulong word = ref Unsafe.Add(ref block, (int)(bits & 7));
            ulong bit = 1UL << (int)((bits >> 3) & 63);
            isNew |= (word & bit) == 0;
            word |= bit;
        }

        return isNew;
    }

    // The block was chosen by the upper half: the bits inside must not depend on it alone.
    private static ulong Spread(ulong mixed)
    {
        mixed ^= mixed >> 29;
        return (mixed * 0xBF58_476D_1CE4_E5B9) >> 8;
    }
}
