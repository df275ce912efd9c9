using System.Buffers.Binary;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.State.Keyed;
using Millrace.Serialization;
using Millrace.State.Backends;
using Millrace.Windowing;

namespace Millrace.Runtime.Windowing.General;

/// <summary>
/// How far the windows of each key group are shifted. What was chosen by chance is found again from the operator's uid; what was chosen by the first record is part of every snapshot.
/// Key groups and not subtasks are shifted: else a rescale would give a key windows with other bounds, beside those that it has open.
/// </summary>
/// <param name="windows">The windows.</param>
/// <param name="uid">The operator's uid.</param>
/// <param name="range">The key groups of the subtask.</param>
/// <param name="maxParallelism">How many there are.</param>
internal sealed class GroupStagger(IStaggeredWindows windows, string uid, KeyGroupRange range, int maxParallelism)
{
    private const string Name = "window-stagger";
    private const long Unknown = -1;
    private static readonly TypeSchema Schema = TypeSchema.Scalar("int64");

    private readonly long[] _shifts = NewShifts(range.End - range.Start);

    /// <summary>Adds the windows of a time to <paramref name="assigned"/>.</summary>
    public void Assign(long time, ulong keyHash, ICollection<TimeWindow> assigned)
    {
        int group = KeyGroup.Of(keyHash, maxParallelism);
        ref long shift = ref _shifts[group - range.Start];
        if (shift == Unknown)
        {
            shift = windows.Stagger == WindowStagger.Natural ? time - TimeWindow.StartFor(time, 0, windows.Spans.Slide) : ByChance(group);
        }

        windows.Spans.Assign(time, shift, assigned);
    }

    public void Restore(GroupValues values)
    {
        for (int group = range.Start; windows.Stagger == WindowStagger.Natural && group < range.End; group++)
        {
            // Of windows that had another length before, the shift may be longer than is allowed now.
            if (values.Get(Name, Schema, group) is { IsEmpty: false } bytes)
            {
                _shifts[group - range.Start] = BinaryPrimitives.ReadInt64LittleEndian(bytes) % windows.Spans.Slide;
            }
        }
    }

    public void Save(GroupValues values)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        for (int group = range.Start; group < range.End; group++)
        {
            if (windows.Stagger == WindowStagger.Natural && _shifts[group - range.Start] is var shift and not Unknown)
            {
                BinaryPrimitives.WriteInt64LittleEndian(bytes, shift);
                values.Set(Name, Schema, group, bytes);
            }
        }
    }

    private long ByChance(int group) => (long)(StableHashers.Get<string>().Hash($"{uid}/{group}") % (ulong)windows.Spans.Slide);

    private static long[] NewShifts(int count)
    {
        long[] shifts = new long[count];
        Array.Fill(shifts, Unknown);
        return shifts;
    }
}
