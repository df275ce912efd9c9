using Millrace.Runtime.Time;

namespace Millrace.Runtime.Tests.Time;

public sealed class WatermarkAlignmentTests
{
    private readonly WatermarkAlignment _alignment = new();
    private readonly object _orders = new();
    private readonly object _payments = new();

    [Fact]
    public void The_slowest_of_the_group_counts_across_sources()
    {
        Assert.Equal(100, _alignment.Report("shop", _orders, 0, 100));
        Assert.Equal(50, _alignment.Report("shop", _payments, 0, 50));
        Assert.Equal(50, _alignment.Report("shop", _orders, 0, 200));
        Assert.Equal(200, _alignment.Report("shop", _payments, 0, 300));
    }

    [Fact]
    public void Other_groups_do_not_count()
    {
        _alignment.Report("shop", _orders, 0, 100);
        Assert.Equal(500, _alignment.Report("other", _payments, 0, 500));
    }

    [Fact]
    public void Who_has_said_nothing_yet_is_idle_or_has_ended_is_not_waited_for()
    {
        _alignment.Report("shop", _orders, 0, EventTime.MinWatermark);
        _alignment.Report("shop", _orders, 1, EventTime.MaxWatermark);
        Assert.Equal(70, _alignment.Report("shop", _payments, 0, 70));
        Assert.Equal(EventTime.MaxWatermark, _alignment.Report("shop", _payments, 0, EventTime.MaxWatermark));
    }

    [Fact]
    public void Who_is_gone_is_not_waited_for()
    {
        _alignment.Report("shop", _orders, 0, 10);
        _alignment.Report("shop", _orders, 1, 20);
        _alignment.Forget(_orders, 0);
        Assert.Equal(20, _alignment.Report("shop", _payments, 0, 70));
        _alignment.Forget(_orders);
        Assert.Equal(70, _alignment.Report("shop", _payments, 0, 70));
    }
}
