using Millrace.Checkpointing;
using Millrace.Connectors;
using Millrace.Serialization;
using Millrace.State;

namespace Millrace.Tests.SavepointJobs;

/// <summary>
/// Jobs whose types change between a savepoint and the next start. A version of a type is a type of its own here: its name is no part of what is compared.
/// </summary>
public sealed class EvolutionTests : IDisposable
{
    private readonly SavepointRig _rig = new();
    private int _seen;

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void Members_are_added_with_their_default() =>
        AssertRestores(key => new V1(7, "seven", 0.5f), (V1Added value) => $"{value.Count} {value.Name} {value.Score} {value.More ?? "none"} {value.Extra}", key => new V1Added(1, "x", 1, "y", 2), "7 seven 0.5 none 0");

    [Fact]
    public void Members_are_removed() => AssertRestores(key => new V1(7, "seven", 0.5f), (V1Removed value) => $"{value.Count}", key => new V1Removed(1), "7");

    [Fact]
    public void Members_are_reordered() =>
        AssertRestores(key => new V1(7, "seven", 0.5f), (V1Reordered value) => $"{value.Count} {value.Name} {value.Score}", key => new V1Reordered(1, 2, "x"), "7 seven 0.5");

    [Fact]
    public void Numbers_are_widened() =>
        AssertRestores(key => new V1(7, "seven", 0.5f), (V1Widened value) => $"{value.Count} {value.Name} {value.Score}", key => new V1Widened(1, "x", 2), "7 seven 0.5");

    [Fact]
    public void A_value_of_a_scalar_type_is_widened() => AssertRestores(key => 7, (long value) => $"{value}", key => 1L, "7");

    [Fact]
    public void Numbers_are_not_narrowed() => AssertRefused(key => new V1Widened(7, "seven", 0.5), key => new V1(1, "x", 2), "MR4101", ".Count", "int64");

    [Fact]
    public void A_member_does_not_become_another_type() => AssertRefused(key => new V1(7, "seven", 0.5f), key => new V1Text("x", "y", 2), "MR4101", ".Count", "int32");

    [Fact]
    public void A_value_does_not_become_another_type() => AssertRefused(key => 7, key => "x", "MR4101", "String", "int32");

    [Theory]
    [InlineData("value")]
    [InlineData("list")]
    [InlineData("map")]
    [InlineData("elements")]
    [InlineData("union")]
    public void The_state_that_cannot_be_read_is_named(string state)
    {
        _rig.Start(One<int>(state, key => 7), parallelism: 1).Until(() => _seen > 3).Stop("savepoint");
        _seen = 0;

        var error = Refusal(() => _rig.Start(One<string>(state, key => "x"), new RestoreOptions("savepoint"), parallelism: 1).End());

        Assert.Equal("MR4101", error.Code);
        Assert.Contains($"'{state}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("int32", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, _seen);
    }

    [Theory]
    [InlineData("value", "list")]
    [InlineData("list", "map")]
    [InlineData("map", "value")]
    [InlineData("elements", "union")]
    [InlineData("union", "elements")]
    public void A_state_does_not_become_another_kind(string before, string after)
    {
        _rig.Start(One<int>(before, key => 7, "state"), parallelism: 1).Until(() => _seen > 3).Stop("savepoint");
        _seen = 0;

        var error = Refusal(() => _rig.Start(One<int>(after, key => 7, "state"), new RestoreOptions("savepoint"), parallelism: 1).End());

        Assert.Equal("MR4102", error.Code);
        Assert.Contains("'state'", error.Message, StringComparison.Ordinal);
        Assert.Contains("another name", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_do_not_change_their_type()
    {
        int seen = 0;
        Action<StreamExecutionEnvironment> Job<TKey>(Func<long, TKey> key)
            where TKey : notnull => env => LedgerJob.Numbers(env, 100).KeyBy(key).Reduce((a, b) => a + b).Uid("sum").SinkTo(new CallbackSink<long>(_ => Interlocked.Increment(ref seen))).Uid("sink");
        _rig.Start(Job(number => (int)(number % 3))).Until(() => seen > 20).Stop("savepoint");

        var error = Refusal(() => _rig.Start(Job(number => number % 3), new RestoreOptions("savepoint")).End());

        Assert.Equal("MR4102", error.Code);
        Assert.Contains("'reduce'", error.Message, StringComparison.Ordinal);
        Assert.Contains("int32", error.Message, StringComparison.Ordinal);
        Assert.Contains("keep the old key type", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("value")]
    [InlineData("list")]
    [InlineData("map")]
    [InlineData("elements")]
    [InlineData("union")]
    public void State_whose_own_serializer_cannot_read_it_fails_the_job_at_once(string state)
    {
        var serializer = new NoteSerializer();
        Action<StreamExecutionEnvironment> job = env =>
        {
            env.RegisterSerializer(serializer);
            One<Note>(state, key => new Note(7))(env);
        };
        _rig.Start(job, parallelism: 1).Until(() => _seen > 3).Stop("savepoint");
        serializer.IsBroken = true;

        var error = Assert.Throws<JobFailedException>(() => _rig.Start(job, new RestoreOptions("savepoint"), parallelism: 1).End());

        Assert.Contains("MR4104", error.Message, StringComparison.Ordinal);
        Assert.Contains("a MillraceException would come again", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_enumerator_whose_state_cannot_be_read_fails_the_job_at_once()
    {
        int seen = 0;
        Action<StreamExecutionEnvironment> Job<T>(T state) => env =>
            env.FromSource(new RememberingSource<T>(state)).Uid("numbers").Name("numbers").Parallelism(1).SinkTo(new CallbackSink<long>(_ => seen++)).Uid("sink");
        _rig.Start(Job(7)).Until(() => seen > 3).Stop("savepoint");

        var error = Refusal(() => _rig.Start(Job("x"), new RestoreOptions("savepoint")).End());

        Assert.Equal("MR4101", error.Code);
        Assert.Contains("numbers enumerator", error.Message, StringComparison.Ordinal);
        Assert.Contains("int32", error.Message, StringComparison.Ordinal);
    }

    private static StateIncompatibleException Refusal(Action start)
    {
        Exception? error = Assert.Throws<JobFailedException>(start);

        // Not a word of the restart strategy: another attempt is not made.
        Assert.Contains("a StateIncompatibleException would come again", error.Message, StringComparison.Ordinal);
        while (error is not null and not StateIncompatibleException)
        {
            error = error.InnerException;
        }

        return Assert.IsType<StateIncompatibleException>(error);
    }

    private void AssertRestores<TBefore, TAfter>(Func<int, TBefore> before, Func<TAfter, string> show, Func<int, TAfter> make, string expected)
    {
        var results = new List<string>();
        _rig.Start(EvolutionJob.Build(before, value => value!.ToString()!, results)).Until(() => results.Count > 30).Stop("savepoint");
        results.Clear();

        _rig.Start(EvolutionJob.Build(make, show, results), new RestoreOptions("savepoint")).End();

        Assert.Equal(
            [$"keyed {string.Join(' ', Enumerable.Repeat(expected, 5))}", $"reduced {expected}", $"window {expected} 100"],
            results.Distinct().Order());
    }

    private void AssertRefused<TBefore, TAfter>(Func<int, TBefore> before, Func<int, TAfter> after, string code, params string[] words)
    {
        var results = new List<string>();
        _rig.Start(EvolutionJob.Build(before, value => $"{value}", results)).Until(() => results.Count > 30).Stop("savepoint");
        results.Clear();

        var error = Refusal(() => _rig.Start(EvolutionJob.Build(after, value => $"{value}", results), new RestoreOptions("savepoint")).End());

        Assert.Equal(code, error.Code);
        Assert.All(words, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
        Assert.Empty(results);
    }

    private Action<StreamExecutionEnvironment> One<T>(string kind, Func<int, T> make, string? name = null) => env =>
        LedgerJob.Numbers(env, 1000).KeyBy(_ => 0).Process(() => new Single<T>(kind, name ?? kind, make)).Uid("single")
            .SinkTo(new CallbackSink<int>(_ => Interlocked.Increment(ref _seen))).Uid("sink");

    private sealed record V1(int Count, string Name, float Score);

    private sealed record V1Added(int Count, string Name, float Score, string? More, long Extra);

    private sealed record V1Removed(int Count);

    private sealed record V1Reordered(float Score, int Count, string Name);

    private sealed record V1Widened(long Count, string Name, double Score);

    private sealed record V1Text(string Count, string Name, float Score);

    private sealed record Note(int Number);

    /// <summary>Reads until it is told not to.</summary>
    private sealed class NoteSerializer : TypeSerializer<Note>
    {
        public bool IsBroken { get; set; }

        public override TypeSchema Schema { get; } = new(SchemaKind.Opaque, "note", [], []);

        public override bool IsImmutable => true;

        public override void Write(ref BinaryOutput output, in Note value) => output.WriteVarInt(value.Number);

        public override Note Read(ref BinaryInput input) => IsBroken ? throw new FormatException("it is broken") : new Note((int)input.ReadVarInt());

        public override Note Copy(Note value) => value;

        public override TypeSerializer<Note> ForReading(TypeSchema written) => this;
    }

    /// <summary>A function with one state.</summary>
    private sealed class Single<T>(string kind, string name, Func<int, T> make) : KeyedProcessFunction<int, long, int>
    {
        private Action _keep = static () => { };

        public override void Open(RuntimeContext context)
        {
            switch (kind)
            {
                case "value":
                    var value = context.GetState(new ValueStateDescriptor<T>(name));
                    _keep = () => value.Value = make(0);
                    break;
                case "list":
                    var list = context.GetListState(new ListStateDescriptor<T>(name));
                    _keep = () => list.Add(make(0));
                    break;
                case "map":
                    var map = context.GetMapState(new MapStateDescriptor<int, T>(name));
                    _keep = () => map[0] = make(0);
                    break;
                case "elements":
                    var elements = context.OperatorState.GetListState(new ListStateDescriptor<T>(name));
                    _keep = () => elements.Add(make(0));
                    break;
                case "union":
                    var union = context.OperatorState.GetUnionListState(new ListStateDescriptor<T>(name));
                    _keep = () => union.Add(make(0));
                    break;
            }
        }

        public override void ProcessElement(long value, KeyedProcessContext<int> context, Collector<int> output)
        {
            _keep();
            output.Collect(0);
        }
    }
}
