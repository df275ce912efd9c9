using Millrace.Runtime.State.Heap;
using Millrace.State.Backends;

namespace Millrace.Runtime.Tests.State;

public sealed class AsideSegmentsTests
{
    private const int Length = AsideSegments<long, VoidNamespace, long>.MaxLength;

    [Fact]
    public void What_a_snapshot_needed_is_there_for_the_next()
    {
        var segments = new AsideSegments<long, VoidNamespace, long>();
        AsideEntry<long, VoidNamespace, long>[]?[] first = [segments.Rent(Length), segments.Rent(Length), segments.Rent(Length), null];
        segments.Return(first);
        segments.Trim();
        Assert.Equal(3 * Length, segments.Kept);
        Assert.Contains(segments.Rent(Length), first);
    }

    [Fact]
    public void What_a_snapshot_did_not_need_is_let_go_after_it()
    {
        var segments = new AsideSegments<long, VoidNamespace, long>();
        segments.Return([segments.Rent(Length), segments.Rent(Length), segments.Rent(Length)]);
        segments.Trim();
        segments.Return([segments.Rent(Length)]);
        segments.Trim();
        Assert.Equal(Length, segments.Kept);
        segments.Trim();
        Assert.Equal(0, segments.Kept);
    }

    [Fact]
    public void Segments_with_references_or_of_small_groups_are_not_kept()
    {
        var references = new AsideSegments<long, VoidNamespace, string>();
        references.Return([references.Rent(Length)]);
        Assert.Equal(0, references.Kept);
        var small = new AsideSegments<long, VoidNamespace, long>();
        small.Return([small.Rent(8)]);
        Assert.Equal(0, small.Kept);
    }
}
