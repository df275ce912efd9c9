using System.Runtime.CompilerServices;

namespace Millrace.Runtime.State.Heap;

/// <summary>Memory that nobody has used yet.</summary>
internal static class FreshPages
{
    private const int Size = 4096;

    /// <summary>
    /// Writes to each page of a new array, which will be read and written here and there. A page that is read first is the system's page of zeros, and its first write another fault, for which all cores have to forget
    /// it: with a table that grows, a tenth of a job's time on a virtual machine.
    /// </summary>
    public static void Touch<T>(T[] array)
        where T : struct
    {
        int step = Math.Max(1, Size / Unsafe.SizeOf<T>());
        for (int i = 0; i < array.Length; i += step)
        {
            array[i] = default;
        }
    }
}
