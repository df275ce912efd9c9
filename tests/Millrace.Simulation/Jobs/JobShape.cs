using System.Globalization;
using Millrace.Simulation.External;

namespace Millrace.Simulation.Jobs;

/// <summary>A job of a random shape over random input, and what it must give.</summary>
internal sealed class JobShape
{
    // Enough to take a while, little enough that a seed takes milliseconds.
    private const int ManyItems = 700;
    private const int MaxItems = 3_000;

    private readonly List<Stage> _stages = [];
    private readonly List<IReadOnlyList<Item>> _results = [];
    private readonly List<bool> _eventTime = [];
    private readonly List<int> _open = [];
    private readonly List<(string Uid, int Stage)> _sinks = [];
    private readonly Random _random;
    private readonly Repertoire _repertoire;

    private JobShape(Random random, Repertoire repertoire)
    {
        _random = random;
        _repertoire = repertoire;
    }

    public IReadOnlyList<Stage> Stages => _stages;

    /// <summary>The uids of the sinks, with what each must get, in any order, and whether it gets at least that where records are processed more than once.</summary>
    public IEnumerable<(string Uid, IReadOnlyList<Item> Expected, bool BearsDuplicates)> Sinks => SinksOf(_results);

    /// <summary>Makes a job up.</summary>
    public static JobShape Create(Random random, Repertoire repertoire = Repertoire.All)
    {
        var shape = new JobShape(random, repertoire);
        bool isAligned = repertoire == Repertoire.All && random.Next(3) == 0;
        int sources = random.Next(3) == 0 ? random.Next(2, 4) : 1;
        for (int source = 0; source < sources; source++)
        {
            int number = source;
            shape.Add(index => new SourceStage(index, ReplayPlan.Create(random, number), random.Next(3) * random.Next(1, 6)) { MaxDrift = isAligned ? random.Next(60) : null });
        }

        int steps = random.Next(1, 8);
        for (int step = 0; step < steps; step++)
        {
            if (repertoire == Repertoire.First || random.Next(2) == 0)
            {
                shape.Grow();
            }
            else
            {
                shape.GrowFurther();
            }
        }

        foreach (int stage in shape._open)
        {
            int sinks = random.Next(6) == 0 ? 2 : 1;
            for (int i = 0; i < sinks; i++)
            {
                shape._sinks.Add(($"sink-{shape._sinks.Count}", stage));
            }
        }

        return shape;
    }

    /// <summary>What comes out of each stage.</summary>
    public IReadOnlyList<IReadOnlyList<Item>> Results => _results;

    /// <summary>As <see cref="Sinks"/>, from other results of the stages.</summary>
    public IEnumerable<(string Uid, IReadOnlyList<Item> Expected, bool BearsDuplicates)> SinksOf(IReadOnlyList<IReadOnlyList<Item>> results) =>
        _sinks.Select(sink => (sink.Uid, results[sink.Stage], BearsDuplicates(_stages[sink.Stage])));

    /// <summary>What the stages that count must have counted.</summary>
    public IEnumerable<(Stage Stage, long Count, long Sum)> TalliesOf(IReadOnlyList<IReadOnlyList<Item>> results) =>
        _stages.OfType<TallyStage>().Select(stage => ((Stage)stage, (long)results[stage.Index].Count, results[stage.Index].Sum(item => item.Value)));

    /// <summary>Gives each source a sink of its own: where a job ends before its input does, that one says what it has read.</summary>
    public void ObserveSources()
    {
        foreach (var source in _stages.OfType<SourceStage>())
        {
            _sinks.Add((ObserverOf(source), source.Index));
        }
    }

    /// <summary>The uid of the sink that <see cref="ObserveSources"/> has given a source.</summary>
    public static string ObserverOf(SourceStage source) => $"observer-{source.Index}";

    /// <summary>What comes out of each stage where only a part of the input is read.</summary>
    /// <param name="read">What is read from a source.</param>
    public IReadOnlyList<IReadOnlyList<Item>> ComputeFrom(Func<SourceStage, IReadOnlyList<Item>> read)
    {
        var results = new List<IReadOnlyList<Item>>();
        foreach (var stage in _stages)
        {
            results.Add(stage is SourceStage source ? read(source) : [.. stage.Compute([.. stage.Inputs.Select(input => results[input])])]);
        }

        return results;
    }

    /// <summary>Whether a stage and all before it give at least what they should where records are processed more than once.</summary>
    public bool BearsDuplicates(Stage stage) => stage.BearsDuplicates && Array.TrueForAll(stage.Inputs, input => BearsDuplicates(_stages[input]));

    /// <summary>Declares the job.</summary>
    /// <param name="job">The environment, and what is particular to this start.</param>
    /// <param name="ledger">Where its sinks write to.</param>
    public void Build(JobBuild job, Ledger<Item> ledger)
    {
        foreach (var stage in _stages)
        {
            job[stage.Index] = stage.Build(job);
        }

        for (int i = 0; i < _sinks.Count; i++)
        {
            job[_sinks[i].Stage].SinkTo(new LedgerSink<Item>(ledger)).Uid(_sinks[i].Uid).Name(_sinks[i].Uid).Parallelism(job.ParallelismOf(1_000 + i));
        }
    }

    public override string ToString() => string.Join(", ", _stages.Select(stage => stage.Inputs.Length == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{stage.Name} of {_results[stage.Index].Count}")
        : string.Create(CultureInfo.InvariantCulture, $"{stage.Name}({string.Join(' ', stage.Inputs)}) of {_results[stage.Index].Count}"))) + ", " + string.Join(", ", _sinks.Select(sink => $"{sink.Uid}({sink.Stage}) of {_results[sink.Stage].Count}"));

    private void Grow()
    {
        int input = _open[_random.Next(_open.Count)];
        var before = _stages[input];
        bool eventTime = _eventTime[input];
        bool many = _results[input].Count > ManyItems;
        switch (_random.Next(eventTime ? 15 : 8))
        {
            case 0:
                Add(index => new MapStage(index, input, _random.Next(1, 4)));
                break;
            case 1:
                Add(index => new FilterStage(index, input, _random.Next(2, 6)));
                break;
            case 2 when !many:
                Add(index => new FlatMapStage(index, input));
                break;
            case 3:
                Add(index => new ExchangeStage(index, input, (Dealing)_random.Next(3)));
                break;
            case 4:
                Add(index => new TallyStage(index, input, _random.Next(2) == 0));
                break;
            case 5 when _open.Count > 1 && !many:
                int other = _open[_random.Next(_open.Count)];
                if (other != input)
                {
                    Add(index => new UnionStage(index, input, other));
                }

                break;
            case 6:
                var split = new SplitStage(_stages.Count, input);
                Add(_ => split);
                Add(index => new SideStage(index, split), replacesInputs: false);
                break;
            case 7 when _random.Next(2) == 0:
                Add(index => new LaterStage(index, input, _random.Next(0, 60)));
                break;
            case 7:
                Add(index => new CountStage(index, input));
                break;
            case 8 or 9 when before is SourceStage:
                Add(index => new SequenceStage(index, input));
                break;
            case 10:
                Add(index => new DelayedStage(index, input, _random.Next(0, 40)));
                break;
            case 11:
                Add(index => new MomentStage(index, input, _random.Next(0, 40)));
                break;
            case 12:
                Add(index => new FinalStage(index, input));
                break;
            case 13 or 14:
                int slide = _random.Next(5, 40);
                int size = many || _random.Next(2) == 0 ? slide : slide * _random.Next(2, 5);
                int kind = _random.Next(3);
                int lateness = _random.Next(2) * _random.Next(50);
                Add(index => kind switch
                {
                    0 => new WindowListStage(index, input, size, slide),
                    1 => new WindowSumStage(index, input, size, slide),
                    _ => new WindowFoldStage(index, input, size, slide, lateness),
                });
                break;
        }
    }

    /// <summary>Adds a stage of those that are not in the first repertoire.</summary>
    private void GrowFurther()
    {
        int input = _open[_random.Next(_open.Count)];
        if (!_eventTime[input] || _random.Next(5) == 0)
        {
            var order = (AsyncOrder)_random.Next(2);
            int capacity = _random.Next(1, 20);
            bool byKey = _random.Next(2) == 0;
            bool keeps = _random.Next(2) == 0;
            int kind = _random.Next(8);
            var dealing = (Dealing)_random.Next((int)Dealing.Rescale, (int)Dealing.Custom + 1);
            Add(index => kind switch
            {
                0 or 1 => new AsyncStage(index, input, order, capacity),
                2 or 3 => new FailingStage(index, input, byKey),
                4 => new KeyPartitionStage(index, input, keeps),
                5 => new SubtaskPartitionStage(index, input),
                6 when keeps => new TotalStage(index, input),
                _ => new ExchangeStage(index, input, dealing),
            });
            return;
        }

        // Any stage, itself too, whether or not others read from it.
        int[] others = [.. _stages.Select(stage => stage.Index).Where(index => _eventTime[index] && _results[index].Count <= ManyItems)];
        int other = others.Length == 0 ? input : others[_random.Next(others.Length)];
        int slide = _random.Next(5, 40);
        int size = slide * _random.Next(1, 4);
        int span = _random.Next(1, 40);
        int number = _random.Next(1, 6);
        switch (_random.Next(9))
        {
            case 8:
                Add(index => new MomentStage(index, input, span, Expires: true));
                break;
            case 0:
                int lateness = _random.Next(2) * _random.Next(50);
                Add(index => new SessionStage(index, input, span | 1, lateness));
                break;
            case 1:
                Add(index => new EvictStage(index, input, size, slide, span));
                break;
            case 2:
                bool purges = _random.Next(2) == 0;
                Add(index => new TriggerStage(index, input, size, slide, number, number * 2, purges));
                break;
            case 3 when _results[input].Count <= ManyItems:
                int lower = _random.Next(-20, 10);
                Add(index => new IntervalJoinStage(index, input, other, lower, lower + (span / 2)));
                break;
            case 4 when _results[input].Count <= ManyItems:
                Add(index => new WindowJoinStage(index, input, other, span));
                break;
            case 5:
                Add(index => new CoGroupStage(index, input, other, span | 1));
                break;
            case 6:
                Add(index => new MatchStage(index, input, other, span));
                break;
            case 7 when _results[input].Count <= ManyItems:
                Add(index => new RuleStage(index, input, other, span));
                break;
        }
    }

    private void Add(Func<int, Stage> create, bool replacesInputs = true)
    {
        var stage = create(_stages.Count) with { Chaining = (StageChaining)Math.Max(0, _random.Next(6) - 3) };
        Item[] result = [.. stage.Compute([.. stage.Inputs.Select(input => _results[input])])];
        if (result.Length > MaxItems)
        {
            return;
        }

        _stages.Add(stage);
        _results.Add(result);
        _eventTime.Add(stage.KeepsEventTime && Array.TrueForAll(stage.Inputs, input => _eventTime[input]));
        _open.Add(stage.Index);
        if (replacesInputs)
        {
            // Now and then a stream has two readers: a diamond, where both come together again.
            _open.RemoveAll(open => stage.Inputs.Contains(open) && _random.Next(5) != 0);
        }
    }
}
