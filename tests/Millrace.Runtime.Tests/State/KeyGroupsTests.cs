using CsCheck;
using Millrace.Runtime.State;
using Millrace.State.Backends;

namespace Millrace.Runtime.Tests.State;

public sealed class KeyGroupsTests
{
    [Fact]
    public void Every_key_group_belongs_to_the_one_subtask_whose_range_has_it()
    {
        Gen.Select(Gen.Int[1, 300], Gen.Int[1, 300]).Where((maxParallelism, parallelism) => parallelism <= maxParallelism).Sample((maxParallelism, parallelism) =>
        {
            int next = 0;
            for (int subtask = 0; subtask < parallelism; subtask++)
            {
                var range = KeyGroups.RangeOf(subtask, maxParallelism, parallelism);
                Assert.Equal(next, range.Start);
                Assert.True(range.Count > 0);
                next = range.End;
                for (int group = range.Start; group < range.End; group++)
                {
                    Assert.True(range.Contains(group));
                    Assert.Equal(subtask, KeyGroups.SubtaskOf(group, maxParallelism, parallelism));
                }
            }

            Assert.Equal(maxParallelism, next);
        });
    }

    // Snapshots rest on these numbers.
    [Theory]
    [InlineData(0x0000_0000_FFFF_FFFFUL, 128, 0)]
    [InlineData(0xFFFF_FFFF_0000_0000UL, 128, 127)]
    [InlineData(0x8000_0000_0000_0000UL, 128, 64)]
    [InlineData(0x7FFF_FFFF_FFFF_FFFFUL, 128, 63)]
    [InlineData(0x1234_5678_9ABC_DEF0UL, 1000, 71)]
    [InlineData(0xFFFF_FFFF_FFFF_FFFFUL, 32_768, 32_767)]
    public void Of_KnownHash_StaysAsItIs(ulong hash, int maxParallelism, int group) => Assert.Equal(group, KeyGroup.Of(hash, maxParallelism));
}
