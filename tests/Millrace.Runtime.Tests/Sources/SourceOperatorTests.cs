using CsCheck;
using Millrace.Connectors;
using Millrace.Runtime.Sources;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Tests.Operators;

namespace Millrace.Runtime.Tests.Sources;

public sealed class SourceOperatorTests
{
    private const long Interval = 200;
    private static readonly WatermarkStrategy<long> Monotonous = WatermarkStrategy<long>.ForMonotonousTimestamps();

    [Fact]
    public void Watermark_OfSeveralSplits_IsTheLeastOfThem()
    {
        var test = new SourceTest(Monotonous);
        test.Read(output => output.ForSplit("a").Collect(1, 100), output => output.ForSplit("b").Collect(2, 50));
        test.Rig.Advance(Interval);
        Assert.Equal(["1@100", "2@50", "W49"], test.Elements);
        test.Read(output => output.ForSplit("b").Collect(3, 300));
        test.Rig.Advance(Interval);
        Assert.Equal(["3@300", "W99"], test.Elements[3..]);
    }

    [Fact]
    public void Watermark_OfASplitWhoseTurnHasNotCome_IsWaitedFor()
    {
        var test = new SourceTest(WatermarkStrategy<long>.NoWatermarks(), "a", "b");
        test.Read(output => output.ForSplit("a").EmitWatermark(100), output => output.ForSplit("b").Collect(1, 50));
        Assert.DoesNotContain(test.Elements, element => element[0] == 'W');
        test.Read(output => output.ForSplit("b").EmitWatermark(60));
        Assert.Equal(["1@50", "W60"], test.Elements);
    }

    [Fact]
    public void Watermark_OfAReaderThatKnowsNoSplits_IsItsOwn()
    {
        var test = new SourceTest(WatermarkStrategy<long>.NoWatermarks(), "a", "b");
        test.Read(output => output.Collect(1, 50), output => output.EmitWatermark(60));
        Assert.Equal(["1@50", "W60"], test.Elements);
        test.Add("c");
        test.Read(output => output.EmitWatermark(70));
        Assert.Equal("W70", test.Elements[^1]);
    }

    [Fact]
    public void ReleaseSplit_TheSlowest_LetsTheOthersGoOn()
    {
        var test = new SourceTest(Monotonous);
        test.Read(
            output => output.ForSplit("a").Collect(1, 100),
            output => output.ForSplit("b").Collect(2, 50),
            output => output.ForSplit("a").EmitWatermark(80),
            output => output.ReleaseSplit("b"));
        Assert.Equal("W80", test.Elements[^1]);

        // A split that comes back, or another, holds the watermark but does not take it back.
        test.Read(output => output.ForSplit("b").Collect(3, 10));
        test.Rig.Advance(Interval);
        Assert.Equal(["1@100", "2@50", "W49", "W80", "3@10"], test.Elements);
        test.Read(output => output.ReleaseSplit("b"));
        test.Rig.Advance(Interval);
        Assert.Equal("W99", test.Elements[^1]);
    }

    [Fact]
    public void ReleaseSplit_TheLast_KeepsWhatItPromised()
    {
        var test = new SourceTest(Monotonous, "a");
        test.Read(output => output.ForSplit("a").Collect(1, 100), output => output.ReleaseSplit("a"));
        Assert.Equal(["1@100"], test.Elements.Take(1));
        test.Read(output => output.ForSplit("b").Collect(2, 400));
        test.Rig.Advance(Interval);
        Assert.Equal("W399", test.Elements[^1]);
    }

    [Fact]
    public void Idle_SplitIsNotWaitedFor_AllIdleIsIdle()
    {
        var test = new SourceTest(Monotonous.WithIdleness(TimeSpan.FromMilliseconds(500)));
        test.Read(output => output.ForSplit("a").Collect(1, 100), output => output.ForSplit("b").Collect(2, 50));
        for (int i = 0; i < 4; i++)
        {
            test.Read(output => output.ForSplit("a").Collect(1, 200));
            test.Rig.Advance(Interval);
        }

        Assert.Equal("W199", test.Elements[^1]);
        Assert.DoesNotContain("idle", test.Elements);
        test.AdvanceIntervals(4);
        Assert.Equal("idle", test.Elements[^1]);
        test.Read(output => output.ForSplit("b").Collect(2, 400));
        test.Rig.Advance(Interval);
        Assert.Equal(["idle", "active", "2@400", "W399"], test.Elements[^4..]);
    }

    [Fact]
    public void Idle_ReaderWithoutSplits_AfterTheTimeout_UntilItGetsOne()
    {
        var test = new SourceTest(Monotonous.WithIdleness(TimeSpan.FromMilliseconds(500)));
        test.AdvanceIntervals(6);
        Assert.Equal(["idle"], test.Elements);
        test.Add("a");
        Assert.Equal(["idle", "active"], test.Elements);
        test.Read(output => output.ForSplit("a").Collect(1, 5), output => output.ReleaseSplit("a"));
        test.AdvanceIntervals(6);
        Assert.Equal("idle", test.Elements[^1]);
    }

    [Fact]
    public void Idle_ReaderWithoutSplitsOrTimeout_IsWaitedFor()
    {
        var test = new SourceTest(Monotonous);
        test.AdvanceIntervals(60);
        Assert.Empty(test.Elements);
    }

    [Fact]
    public void MarkIdle_AfterARecordOfTheSameInterval_EndsWithTheNext()
    {
        var test = new SourceTest(WatermarkStrategy<long>.NoWatermarks());
        test.Read(output => output.Collect(1, 10), output => output.MarkIdle(), output => output.Collect(2, 20));
        Assert.Equal(["1@10", "idle", "active", "2@20"], test.Elements);
    }

    [Fact]
    public void The_idle_clock_stands_still_under_backpressure()
    {
        var test = new SourceTest(Monotonous.WithIdleness(TimeSpan.FromMilliseconds(500)), "a");
        for (int i = 0; i < 10; i++)
        {
            test.Rig.Pressure.Waiting++;
            test.Rig.Time.Advance(TimeSpan.FromSeconds(10));
            test.Rig.Pressure.Waiting--;
            test.Rig.Advance(Interval);
        }

        Assert.Empty(test.Elements);
        test.AdvanceIntervals(3);
        Assert.Equal(["idle"], test.Elements);
    }

    [Fact]
    public void Timestamp_OfTheAssigner_TakesPrecedence()
    {
        var test = new SourceTest(Monotonous.WithTimestampAssigner(value => value * 10).WithWatermarkEvery(1));
        test.Read(output => output.Collect(-7, 1), output => output.Collect(3));
        Assert.Equal(["-7@-70", "W-71", "3@30", "W29"], test.Elements);
    }

    [Fact]
    public void End_GivesTheLastWatermarkAndTheEnd_Once()
    {
        var test = new SourceTest(Monotonous, "a");
        test.Read(output => output.ForSplit("a").Collect(1, 100));
        Assert.Equal(InputStatus.Ended, test.End());
        Assert.Equal(["1@100", "Wend", "end"], test.Elements);
        Assert.Equal(long.MaxValue, test.Rig.Operator.NextProcessingTime);
        test.Rig.Operator.Close();
        Assert.Equal(1, test.Closed);
    }

    [Fact]
    public void Read_ThatThrows_NamesTheOperator()
    {
        var test = new SourceTest(Monotonous);
        var error = Assert.ThrowsAny<Exception>(() => test.Read(_ => throw new IOException("gone")));
        Assert.Contains("failed reading: IOException: gone", error.Message, StringComparison.Ordinal);
    }

    private static readonly WatermarkStrategy<long> Aligned = Monotonous.WithWatermarkAlignment("group", TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(500));

    [Fact]
    public void Alignment_AReaderAheadOfTheSlowestByMoreThanTheDrift_ReadsNothingUntilThatHasCome()
    {
        var test = new SourceTest(Aligned);
        test.AlignTo(50);
        test.Read(output => output.Collect(1, 151));
        test.Rig.Advance(Interval);
        Assert.Equal(InputStatus.Progress, test.Poll());
        test.Read(output => output.Collect(2, 152));
        test.Rig.Advance(Interval);
        Assert.Equal("W151", test.Elements[^1]);
        Assert.Equal(InputStatus.Empty, test.Poll());
        test.AlignTo(51);
        Assert.Equal(InputStatus.Progress, test.Poll());
    }

    [Fact]
    public void Alignment_AReaderSaysHowFarItHasComeAtEveryUpdate_AndThatNobodyNeedWaitForItAtTheEnd()
    {
        var test = new SourceTest(Aligned);
        test.Read(output => output.Collect(1, 10));
        test.AdvanceIntervals(5);
        Assert.Equal([("group", EventTime.MinWatermark), ("group", 9)], test.Reports);
        Assert.Equal(InputStatus.Ended, test.End());
        Assert.Equal(("group", EventTime.MaxWatermark), test.Reports[^1]);
    }

    [Fact]
    public void Alignment_AnIdleReaderIsNotWaitedFor_AndOneThatWaitsIsNotIdle()
    {
        var test = new SourceTest(Aligned.WithIdleness(TimeSpan.FromMilliseconds(2 * Interval)));
        test.Read(output => output.Collect(1, 1000));
        test.Rig.Advance(Interval);
        test.AlignTo(0);
        test.AdvanceIntervals(10);
        Assert.Equal(("group", 999), test.Reports[^1]);
        test.AlignTo(1000);
        test.AdvanceIntervals(10);
        Assert.Equal(("group", EventTime.MaxWatermark), test.Reports[^1]);
    }

    [Fact]
    public void Alignment_SplitsThatAreAhead_ArePaused_UntilTheOthersHaveCome()
    {
        var test = new SourceTest(Aligned, "a", "b");
        test.Read(output => output.ForSplit("a").Collect(1, 500), output => output.ForSplit("b").Collect(2, 10));
        test.Rig.Advance(Interval);
        test.AlignTo(9);
        Assert.Equal(["-a +"], test.Pauses);
        Assert.Equal(InputStatus.Progress, test.Poll());
        test.AlignTo(399);
        Assert.Equal(["-a +", "- +a"], test.Pauses);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void The_clock_is_set_by_an_hour_WatermarksAndAlignmentGoOnAndNobodyIsIdle(int hours)
    {
        var test = new SourceTest(Aligned.WithIdleness(TimeSpan.FromMinutes(1)));
        test.Read(output => output.Collect(1, 10));
        test.Rig.Advance(Interval);
        test.Rig.Clock.Offset = TimeSpan.FromHours(hours);
        test.AdvanceIntervals(1);
        test.Read(output => output.Collect(2, 20));
        test.AdvanceIntervals(3);
        Assert.Equal(["1@10", "W9", "2@20", "W19"], test.Elements);
        Assert.Equal([("group", EventTime.MinWatermark), ("group", 19)], test.Reports);
    }

    /// <summary>A source operator whose reader does what the test says.</summary>
    [Theory]
    [InlineData("none")]
    [InlineData("every three records")]
    [InlineData("assigned")]
    [InlineData("by each record")]
    [InlineData("assigned, and errors are skipped")]
    public void Records_written_into_the_memory_of_the_batch_are_those_that_are_collected(string kind)
    {
        Gen.Select(Gen.Int[1, 9].Array[1, 20], Gen.Int[0, 9].Array[20]).Sample((lengths, advances) =>
        {
            var single = TestOf(kind);
            var many = TestOf(kind);
            long next = 0;
            for (int i = 0; i < lengths.Length; i++)
            {
                string split = i % 3 == 0 ? "b" : "a";
                long first = next;
                next += lengths[i];
                single.Read(output =>
                {
                    for (long value = first; value < first + lengths[i]; value++)
                    {
                        output.ForSplit(split).Collect(value, TimeOf(value));
                    }
                });
                many.Read(output => WriteAll(output.ForSplit(split), first, lengths[i], Math.Max(1, advances[i])));
            }

            single.Rig.Advance(Interval);
            many.Rig.Advance(Interval);
            Assert.Equal(single.Elements, many.Elements);
        });

        static long TimeOf(long value) => (value * 7 % 10) + (value * 3);

        static SourceTest TestOf(string kind)
        {
            var errors = kind.EndsWith("skipped", StringComparison.Ordinal) ? ErrorPolicy.Skip : ErrorPolicy.Fail;
            var strategy = kind switch
            {
                "none" => WatermarkStrategy<long>.NoWatermarks(),
                "every three records" => Monotonous.WithWatermarkEvery(3),
                "assigned" => Monotonous.WithTimestampAssigner(value => value * 2),
                "by each record" => WatermarkStrategy<long>.ForGenerator(() => new EachRecord()),
                _ => Monotonous.WithTimestampAssigner(value => value % 5 == 4 ? throw new FormatException("four") : value * 2),
            };
            return new SourceTest(strategy, errors);
        }

        static void WriteAll(SourceOutput<long> output, long value, int left, int atOnce)
        {
            while (left > 0)
            {
                var values = output.GetSpan(left, out var timestamps);
                Assert.Equal(values.Length, timestamps.Length);
                Assert.InRange(values.Length, 1, left);
                int count = Math.Min(atOnce, values.Length);
                for (int i = 0; i < count; i++, value++)
                {
                    values[i] = value;
                    timestamps[i] = TimeOf(value);
                }

                output.Advance(count);
                left -= count;
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Memory_that_was_not_advanced_over_is_given_again_and_no_more_than_was_given_can_be(bool seesEachRecord)
    {
        var test = new SourceTest(seesEachRecord ? WatermarkStrategy<long>.ForGenerator(() => new EachRecord()) : Monotonous);
        test.Read(output =>
        {
            var split = output.ForSplit("a");
            split.GetSpan(5, out _)[0] = 7;
            split.Advance(0);
            var values = split.GetSpan(2, out var timestamps);
            (values[0], timestamps[0]) = (1, 10);
            Assert.Throws<ArgumentOutOfRangeException>(() => split.Advance(3));
            Assert.Throws<ArgumentOutOfRangeException>(() => split.Advance(-1));
            split.Advance(1);
            Assert.Throws<ArgumentOutOfRangeException>(() => split.Advance(1));
            Assert.Throws<ArgumentOutOfRangeException>(() => split.GetSpan(0, out _));
        });
        Assert.Equal(["1@10"], test.Elements.Where(element => element[0] != 'W'));
    }

    private sealed class EachRecord : WatermarkGenerator<long>
    {
        public override void OnEvent(in long value, long timestamp, IWatermarkOutput output) => output.EmitWatermark(timestamp - 5);
    }

    private sealed class SourceTest : Source<long, SourceTest.Split, int>, ISplitCoordinator
    {
        private readonly SourceOperator<long, Split, int> _operator;
        private readonly TaskInput _input;
        private readonly Tap<long> _tap = new();
        private Func<ReaderOutput<long>, ReadStatus> _next = _ => ReadStatus.NothingAvailable;

        public SourceTest(WatermarkStrategy<long> strategy, params string[] splits)
            : this(strategy, ErrorPolicy.Fail, splits)
        {
        }

        public SourceTest(WatermarkStrategy<long> strategy, ErrorPolicy errors, params string[] splits)
        {
            _operator = new SourceOperator<long, Split, int>(this, strategy) { Coordinator = this };
            Rig = new OperatorRig(_operator, batchSize: 16, errors: errors);
            _operator.Output.Connect(_tap);
            _operator.Open();
            _input = _operator.CreateInput();
            foreach (string split in splits)
            {
                Add(split);
            }
        }

        public OperatorRig Rig { get; }

        public int Closed { get; private set; }

        public List<(string Group, long Watermark)> Reports { get; } = [];

        public List<string> Pauses { get; } = [];

        public List<string> Elements
        {
            get
            {
                _operator.Flush();
                return _tap.Elements;
            }
        }

        public override Boundedness Boundedness => Boundedness.Bounded;

        public void Add(string split)
        {
            _operator.AddSplits([new Split(split)]);
            Rig.DrainMailbox();
        }

        public void Read(params Action<ReaderOutput<long>>[] steps)
        {
            foreach (var step in steps)
            {
                _next = output =>
                {
                    step(output);
                    return ReadStatus.MoreAvailable;
                };
                Assert.Equal(InputStatus.Progress, _input.Poll());
            }
        }

        public InputStatus End()
        {
            _next = _ => ReadStatus.EndOfInput;
            return _input.Poll();
        }

        public void AdvanceIntervals(int count)
        {
            for (int i = 0; i < count; i++)
            {
                Rig.Advance(Interval);
            }
        }

        public override SplitEnumerator<Split, int> CreateEnumerator(SplitEnumeratorContext<Split> context, int restored, bool isRestored) =>
            throw new InvalidOperationException("The test is the enumerator.");

        public override SourceReader<long, Split> CreateReader(SourceReaderContext context) => new Reader(this);

        public void ReaderStarted(int subtask)
        {
        }

        public void RequestSplit(int subtask)
        {
        }

        public void ReportWatermark(int subtask, string group, long watermark) => Reports.Add((group, watermark));

        /// <summary>As if the slowest of the group had come so far.</summary>
        public void AlignTo(long watermark)
        {
            _operator.AlignTo(watermark);
            Rig.DrainMailbox();
        }

        public InputStatus Poll() => _input.Poll();

        public sealed record Split(string SplitId) : ISourceSplit;

        private sealed class Reader(SourceTest test) : SourceReader<long, Split>
        {
            public override void AddSplits(IReadOnlyList<Split> splits)
            {
            }

            public override void NoMoreSplits()
            {
            }

            public override ReadStatus Read(ReaderOutput<long> output, int maxRecords) => test._next(output);

            public override IReadOnlyList<Split> Snapshot(long checkpointId) => [];

            public override void PauseOrResumeSplits(IReadOnlyList<string> splitsToPause, IReadOnlyList<string> splitsToResume) =>
                test.Pauses.Add($"-{string.Join(',', splitsToPause)} +{string.Join(',', splitsToResume)}");

            public override void Close() => test.Closed++;
        }
    }
}
