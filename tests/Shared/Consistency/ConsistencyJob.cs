namespace Millrace.Tests.Shared;

/// <summary>Money that goes from one account to another.</summary>
public sealed record Transfer(int From, int To, long Amount, long Time);

/// <summary>An account and a sum of money.</summary>
public readonly record struct Entry(int Account, long Amount);

/// <summary>
/// The job of "Internal consistency in streaming systems" (scattered-thoughts.net): transfers are summed up in two branches, by who gets and by who gives, which are joined to balances. The sum of all
/// balances is zero, whatever was transferred: any other total shows that the branches were not in step.
/// </summary>
internal static class ConsistencyJob
{
    /// <summary>Declares it: how the stream of totals comes of the stream of transfers.</summary>
    /// <param name="transfers">The transfers.</param>
    /// <param name="balances">Every change of a balance.</param>
    public static SingleOutputStream<long> Totals(DataStream<Transfer> transfers, out SingleOutputStream<Entry> balances)
    {
        var credits = transfers.KeyBy(transfer => transfer.To).Aggregate(() => new Amounts(), (account, sum) => new Entry(account, sum)).Name("credits");
        var debits = transfers.KeyBy(transfer => transfer.From).Aggregate(() => new Amounts(), (account, sum) => new Entry(account, sum)).Name("debits");
        balances = credits.KeyBy(credit => credit.Account).LatestJoin(debits.KeyBy(debit => debit.Account))
            .LeftOr(account => new Entry(account, 0)).RightOr(account => new Entry(account, 0))
            .Process((credit, debit) => new Entry(credit.Account, credit.Amount - debit.Amount)).Name("balances");
        return balances.KeyBy(balance => balance.Account).Changes().KeyBy(_ => 0).Aggregate(() => new Total()).Name("totals");
    }

    /// <summary>Sums up amounts.</summary>
    private sealed class Amounts : AggregateFunction<Transfer, long, long>
    {
        public override long CreateAccumulator() => 0;

        public override void Add(ref long accumulator, Transfer value) => accumulator += value.Amount;

        public override void Merge(ref long target, in long source) => target += source;

        public override long GetResult(in long accumulator) => accumulator;
    }

    /// <summary>The sum of the latest balances of all accounts.</summary>
    private sealed class Total : AggregateFunction<Change<Entry>, long, long>
    {
        public override long CreateAccumulator() => 0;

        public override void Add(ref long accumulator, Change<Entry> value) => accumulator += value.Current.Amount - value.Previous.Amount;

        public override void Merge(ref long target, in long source) => target += source;

        public override long GetResult(in long accumulator) => accumulator;
    }
}
