using Millrace.State;
using Millrace.Testing;

namespace Millrace.Tests.FaultTolerance;

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

    /// <summary>Transfers of several sources at once, each with its own watermarks, up to 20 ms out of order and none late.</summary>
    public static Script<Transfer>[] Scripts { get; } = [.. Enumerable.Range(0, 3).Select(number => Script(number, late: false))];

    /// <summary>The same with transfers that come when others may have closed their timestamp, and sources that fall silent.</summary>
    public static Script<Transfer>[] LateScripts { get; } = [.. Enumerable.Range(0, 3).Select(number => Script(number, late: true))];

    /// <summary>What the job must give of <see cref="Scripts"/>: sorted by time and summed up.</summary>
    public static JobResults Expected()
    {
        var transfers = Records(late: false).ToList();
        var times = transfers.Select(transfer => transfer.Time).Distinct().ToList();
        var balances = from time in times
                       let until = transfers.Where(transfer => transfer.Time <= time).ToList()
                       from account in transfers.Where(transfer => transfer.Time == time).SelectMany(transfer => (int[])[transfer.From, transfer.To]).Distinct()
                       let sum = until.Sum(transfer => (transfer.To == account ? transfer.Amount : 0) - (transfer.From == account ? transfer.Amount : 0))
                       select $"{time}: {new Entry(account, sum)}";
        return new JobResults([new("balances", balances), new("totals", times.Select(time => $"{time}: 0"))]);
    }

    private static IEnumerable<Transfer> Records(bool late) => Enumerable.Range(0, 3).SelectMany(number => Transfers(number, late));

    private static IEnumerable<Transfer> Transfers(int number, bool late)
    {
        var random = new Random(number + 5);
        long time = 1_000;
        for (int i = 0; i < 70; i++)
        {
            time += random.Next(9);
            yield return new Transfer(random.Next(8), random.Next(8), random.Next(1, 100), time - random.Next(late && i % 5 == 0 ? 60 : 20));
        }
    }

    private static Script<Transfer> Script(int number, bool late)
    {
        var random = new Random(number);
        var script = new Script<Transfer>();
        long greatest = 0;
        foreach (var transfer in Transfers(number, late))
        {
            script.Record(transfer, transfer.Time);
            greatest = Math.Max(greatest, transfer.Time);
            if (random.Next(3) == 0)
            {
                script.Watermark(greatest - 21);
            }

            if (late && random.Next(8) == 0)
            {
                script.Idle();
            }

            if (random.Next(6) == 0)
            {
                script.Wait(TimeSpan.FromMilliseconds(random.Next(1, 8)));
            }
        }

        return script;
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

/// <summary>Writes the timestamp before each record.</summary>
internal sealed class WithTimestamp<T> : ProcessFunction<T, string>
{
    public override void ProcessElement(T value, ProcessContext context, Collector<string> output) => output.Collect($"{context.Timestamp}: {value}");
}

/// <summary>Lets each value pass once.</summary>
internal sealed class Distinct<T> : KeyedProcessFunction<T, T, T>
    where T : notnull
{
    private ValueState<bool> _seen = null!;

    public override void Open(RuntimeContext context) => _seen = context.GetState(new ValueStateDescriptor<bool>("seen"));

    public override void ProcessElement(T value, KeyedProcessContext<T> context, Collector<T> output)
    {
        if (!_seen.Value)
        {
            _seen.Value = true;
            output.Collect(value);
        }
    }
}
