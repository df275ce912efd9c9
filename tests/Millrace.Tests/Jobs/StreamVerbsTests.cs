using CsCheck;
using Millrace.State;
using Millrace.Testing;

namespace Millrace.Tests.Jobs;

/// <summary>Verbs that are made of others: LINQ names, rolling aggregations, state that combines.</summary>
public sealed class StreamVerbsTests
{
    public readonly record struct Sale(string Shop, int Amount, int Number);

    [Fact]
    public void A_query_means_what_the_methods_mean()
    {
        using var harness = new OperatorHarness<int, string>(numbers => from n in numbers select $"{n}!");
        harness.Process([(1, 0), (2, 0)]);
        Assert.Equal(["1!", "2!"], harness.Output);

        var results = new List<string>();
        var env = new StreamExecutionEnvironment();
        var query = from n in env.FromSequence(1, 6)
                    where n % 2 == 0
                    from part in Enumerable.Range(0, (int)n / 2)
                    select $"{n}/{part}";
        query.ForEach(results.Add).Parallelism(1);
        JobRunner.Run(env, seed: 1);
        Assert.Equal(["2/0", "4/0", "4/1", "6/0", "6/1", "6/2"], results.Order());
    }

    [Fact]
    public void Where_SelectMany_and_GroupBy_are_there_too()
    {
        using var where = new OperatorHarness<int, int>(numbers => numbers.Where(n => n > 1));
        where.Process([(1, 0), (2, 0)]);
        Assert.Equal([2], where.Output);

        using var many = new OperatorHarness<int, int>(numbers => numbers.SelectMany(n => Enumerable.Repeat(n, n)));
        many.Process([(1, 0), (2, 0)]);
        Assert.Equal([1, 2, 2], many.Output);

        using var group = new OperatorHarness<int, int>(numbers => (from n in numbers group n by n % 2).Reduce((a, b) => a + b));
        group.Process([(1, 0), (2, 0), (3, 0)]);
        Assert.Equal([1, 2, 4], group.Output);
    }

    [Fact]
    public void Rolling_aggregations_give_what_a_loop_gives() =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[-5, 5]).List[0, 40].Sample(items =>
        {
            var sales = items.Select((item, number) => new Sale($"{item.Item1}", item.Item2, number)).ToList();
            Check(keyed => keyed.Sum(sale => sale.Amount, With), so => so.First() with { Amount = so.Sum(sale => sale.Amount) });
            Check(keyed => keyed.Min(sale => sale.Amount, With), so => so.First() with { Amount = so.Min(sale => sale.Amount) });
            Check(keyed => keyed.Max(sale => sale.Amount, With), so => so.First() with { Amount = so.Max(sale => sale.Amount) });
            Check(keyed => keyed.MinBy(sale => sale.Amount), so => so.First(sale => sale.Amount == so.Min(other => other.Amount)));
            Check(keyed => keyed.MinBy(sale => sale.Amount, first: false), so => so.Last(sale => sale.Amount == so.Min(other => other.Amount)));
            Check(keyed => keyed.MaxBy(sale => sale.Amount), so => so.First(sale => sale.Amount == so.Max(other => other.Amount)));
            Check(keyed => keyed.MaxBy(sale => sale.Amount, first: false), so => so.Last(sale => sale.Amount == so.Max(other => other.Amount)));

            void Check(Func<KeyedStream<Sale, string>, SingleOutputStream<Sale>> aggregate, Func<IReadOnlyList<Sale>, Sale> oracle)
            {
                using var harness = new OperatorHarness<Sale, Sale>(stream => aggregate(stream.KeyBy(sale => sale.Shop)));
                harness.Process(sales.Select(sale => (sale, 0L)));
                Assert.Equal(sales.Select((sale, index) => oracle([.. sales.Take(index + 1).Where(other => other.Shop == sale.Shop)])), harness.Output);
            }
        }, iter: 100);

    [Fact]
    public void A_sum_that_is_too_large_fails_and_is_not_silently_wrong()
    {
        using var harness = new OperatorHarness<Sale, Sale>(stream => stream.KeyBy(sale => sale.Shop).Sum(sale => sale.Amount, With));
        harness.Process(new Sale("a", int.MaxValue, 0));
        var error = Assert.ThrowsAny<Exception>(() => harness.Process(new Sale("a", 1, 1)));
        Assert.IsType<OverflowException>(error.InnerException);
        Assert.Contains("Sum (1/1)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void State_combines_what_is_added_key_by_key_and_over_a_restore()
    {
        using var before = new OperatorHarness<Sale, string>(stream => stream.KeyBy(sale => sale.Shop).Process(() => new Combining()));
        before.Process([(new Sale("a", 3, 0), 0), (new Sale("b", 5, 0), 0), (new Sale("a", 1, 0), 0)]);
        Assert.Equal(["a: 3, mean 3", "b: 5, mean 5", "a: 3, mean 2"], before.Output);

        using var after = before.Rescale(3);
        after.Process([(new Sale("a", 8, 0), 0), (new Sale("b", -1, 0), 0), (new Sale("c", 0, 0), 0)]);
        Assert.Equal(["a: 8, mean 4", "b: 5, mean 2", "c: nothing"], after.Output.Order());
        after.Process([(new Sale("c", 0, 0), 0)]);
        Assert.Equal("c: nothing", after.Output[^1]);
    }

    private static Sale With(Sale sale, int amount) => sale with { Amount = amount };

    private sealed class Combining : KeyedProcessFunction<string, Sale, string>
    {
        private ReducingState<int> _greatest = null!;
        private AggregatingState<int, (int Count, int Sum), int> _mean = null!;

        public override void Open(RuntimeContext context)
        {
            _greatest = context.GetReducingState(new ReducingStateDescriptor<int>("greatest", Math.Max));
            _mean = context.GetAggregatingState(new AggregatingStateDescriptor<int, (int Count, int Sum), int>("mean", new Mean()));
        }

        public override void ProcessElement(Sale value, KeyedProcessContext<string> context, Collector<string> output)
        {
            _greatest.Add(value.Amount);
            _mean.Add(value.Amount);
            if (value.Amount == 0)
            {
                _greatest.Clear();
                _mean.Clear();
            }

            Assert.Equal(_greatest.Exists, _mean.Exists);
            output.Collect(_mean.TryGet(out int mean) && _greatest.TryGet(out int greatest) ? $"{value.Shop}: {greatest}, mean {mean}" : $"{value.Shop}: nothing");
        }
    }

    private sealed class Mean : AggregateFunction<int, (int Count, int Sum), int>
    {
        public override (int Count, int Sum) CreateAccumulator() => default;

        public override void Add(ref (int Count, int Sum) accumulator, int value) => accumulator = (accumulator.Count + 1, accumulator.Sum + value);

        public override void Merge(ref (int Count, int Sum) target, in (int Count, int Sum) source) => target = (target.Count + source.Count, target.Sum + source.Sum);

        public override int GetResult(in (int Count, int Sum) accumulator) => accumulator.Sum / accumulator.Count;
    }
}
