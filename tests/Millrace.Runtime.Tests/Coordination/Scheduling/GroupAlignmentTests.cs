using CsCheck;
using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Runtime.Tests.Coordination.Scheduling;

public sealed class GroupAlignmentTests
{
    [Theory]
    [InlineData("Off", 128, 4, 21, 200, 21)]
    [InlineData("EvenlySpread", 128, 4, 21, 200, 32)]
    [InlineData("Balanced", 128, 4, 21, 200, 22)]
    [InlineData("Balanced", 128, 4, 31, 200, 32)]
    [InlineData("EvenlySpread", 128, 4, 21, 30, 21)]
    [InlineData("EvenlySpread", 128, 40, 21, 200, 32)]
    [InlineData("EvenlySpread", 128, 30, 21, 200, 21)]
    [InlineData("EvenlySpread", 10, 2, 4, 200, 5)]
    [InlineData("Balanced", 10, 8, 6, 200, 6)]
    [InlineData("Balanced", 10, 4, 12, 200, 12)]
    public void Align_FindsTheNextThatFits(string mode, int groups, int current, int target, int upper, int expected) =>
        Assert.Equal(expected, GroupAlignment.Align(Enum.Parse<ParallelismAlignment>(mode), groups, current, target, upper));

    [Fact]
    public void Align_AnyNumbers_NeverTurnsAStepRoundAndNeverGivesLess() =>
        Gen.Select(Gen.Enum<ParallelismAlignment>(), Gen.Int[1, 300], Gen.Int[1, 300], Gen.Int[1, 300], Gen.Int[1, 300]).Where((_, _, current, target, upper) => target <= upper && target != current).Sample(
            (mode, groups, current, target, upper) =>
            {
                int aligned = GroupAlignment.Align(mode, groups, current, target, upper);
                Assert.InRange(aligned, target, target > current ? Math.Max(target, Math.Min(upper, groups)) : current);

                // An even division within reach is never passed by.
                int even = Enumerable.Range(target, 300).First(parallelism => groups % parallelism == 0 || parallelism > groups);
                if (mode != ParallelismAlignment.Off && even <= groups && even <= upper && (target > current || even <= current))
                {
                    Assert.True(aligned <= even);
                    Assert.True(mode == ParallelismAlignment.Balanced || aligned == even);
                }
            });
}
