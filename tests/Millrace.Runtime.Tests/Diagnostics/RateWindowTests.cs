using Millrace.Runtime.Diagnostics;

namespace Millrace.Runtime.Tests.Diagnostics;

/// <summary>Rates of counts that nobody looks at all the time.</summary>
public sealed class RateWindowTests
{
    [Fact]
    public void PerSecond_AtTheFirstLook_IsThatSinceTheBeginning() => Assert.Equal(50, new RateWindow().PerSecond(12_000, 2_000, 500));

    [Fact]
    public void PerSecond_WhereNoTimeHasPassed_IsNothing() => Assert.Equal(0, new RateWindow().PerSecond(2_000, 2_000, 500));

    [Fact]
    public void PerSecond_OfManyLooks_IsThatOfTheLastMinute()
    {
        var window = new RateWindow();

        // 10 a second for five minutes, then 100 a second.
        for (int second = 1; second <= 300; second++)
        {
            Assert.Equal(10, window.PerSecond(second * 1_000, 0, second * 10), 6);
        }

        Assert.Equal(((30 * 100) + (30 * 10)) / 60.0, window.PerSecond(330_000, 0, 3_000 + 3_000), 6);
        for (int second = 331; second <= 400; second++)
        {
            window.PerSecond(second * 1_000, 0, 3_000 + ((second - 300) * 100));
        }

        Assert.Equal(100, window.PerSecond(401_000, 0, 13_100), 6);
    }

    [Fact]
    public void PerSecond_OfTwoListeners_IsTheSameForBoth()
    {
        var alone = new RateWindow();
        var shared = new RateWindow();
        for (int second = 5; second <= 300; second += 5)
        {
            shared.PerSecond((second * 1_000) - 1, 0, second * 7);
            Assert.Equal(alone.PerSecond(second * 1_000, 0, second * 7), shared.PerSecond(second * 1_000, 0, second * 7), 1);
        }
    }

    [Fact]
    public void PerSecond_AfterALongTimeWithoutALook_IsThatSinceTheLastOne()
    {
        var window = new RateWindow();
        window.PerSecond(10_000, 0, 1_000);
        Assert.Equal(2, window.PerSecond(310_000, 0, 1_600), 6);
    }
}
