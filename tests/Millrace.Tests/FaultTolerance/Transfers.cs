using Millrace.State;
using Millrace.Testing;

namespace Millrace.Tests.FaultTolerance;

/// <summary>What goes into the <see cref="ConsistencyJob"/>, and what it must give.</summary>
internal static class Transfers
{
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

    private static IEnumerable<Transfer> Records(bool late) => Enumerable.Range(0, 3).SelectMany(number => Of(number, late));

    private static IEnumerable<Transfer> Of(int number, bool late)
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
        foreach (var transfer in Of(number, late))
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
