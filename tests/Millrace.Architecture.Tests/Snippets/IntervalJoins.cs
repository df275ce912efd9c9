namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/concepts/interval-join.md.</summary>
internal static class IntervalJoins
{
    private static readonly OutputTag<Click> LateClicks = new("late clicks");

    internal static void InAJob(DataStream<Click> clicks, DataStream<Purchase> purchases)
    {
        clicks.KeyBy(click => click.User)
            .IntervalJoin(purchases.KeyBy(purchase => purchase.User))
            .Between(TimeSpan.Zero, TimeSpan.FromMinutes(10))
            .UpperBoundExclusive()
            .SideOutputLeftLateData(LateClicks)
            .Process((click, purchase) => new Conversion(click.Page, purchase.Amount))
            .Uid("conversions");
    }

    internal sealed record Click(string User, string Page);

    internal sealed record Purchase(string User, decimal Amount);

    internal sealed record Conversion(string Page, decimal Amount);
}
