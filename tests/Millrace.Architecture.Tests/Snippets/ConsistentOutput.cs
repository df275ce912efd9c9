namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/guides/consistent-output.md.</summary>
internal static class ConsistentOutput
{
    private static readonly OutputTag<Transfer> Late = new("late transfers");

    internal static SingleOutputStream<decimal> InAJob(StreamExecutionEnvironment env, DataStream<Transfer> input)
    {
        env.Options.ConsistentOutput = true;

        var transfers = input.DropLateData(Late);

        var credits = transfers.KeyBy(transfer => transfer.To).Aggregate(() => new SumOfAmounts(), (account, sum) => new Entry(account, sum));
        var debits = transfers.KeyBy(transfer => transfer.From).Aggregate(() => new SumOfAmounts(), (account, sum) => new Entry(account, sum));

        var balances = credits.KeyBy(credit => credit.Account)
            .LatestJoin(debits.KeyBy(debit => debit.Account))
            .LeftOr(account => new Entry(account, 0))
            .RightOr(account => new Entry(account, 0))
            .Process((credit, debit) => new Entry(credit.Account, credit.Amount - debit.Amount));

        var totals = balances.KeyBy(balance => balance.Account)
            .Changes()
            .KeyBy(_ => "all accounts")
            .Aggregate(() => new SumOfBalances());
        return totals;
    }

    public sealed record Transfer(string From, string To, decimal Amount);

    public sealed record Entry(string Account, decimal Amount);

    public sealed class SumOfBalances : AggregateFunction<Change<Entry>, decimal, decimal>
    {
        public override decimal CreateAccumulator() => 0;

        public override void Add(ref decimal sum, Change<Entry> change) =>
            sum += change.Current.Amount - (change.HasPrevious ? change.Previous!.Amount : 0);

        public override void Merge(ref decimal sum, in decimal other) => sum += other;

        public override decimal GetResult(in decimal sum) => sum;
    }

    private sealed class SumOfAmounts : AggregateFunction<Transfer, decimal, decimal>
    {
        public override decimal CreateAccumulator() => 0;

        public override void Add(ref decimal sum, Transfer transfer) => sum += transfer.Amount;

        public override void Merge(ref decimal sum, in decimal other) => sum += other;

        public override decimal GetResult(in decimal sum) => sum;
    }
}
