using Millrace.Runtime.Operators;
using Millrace.Testing;

namespace Millrace.Runtime.Tests.Operators;

public sealed class FunctionLifecycleTests
{
    [Fact]
    public void A_function_is_opened_once_before_the_first_record_and_closed_once()
    {
        var log = new List<string>();
        var harness = new OperatorHarness<int, int>(numbers => numbers.Map(() => new Logged(log)));
        Assert.Empty(log);
        harness.Process([(1, 0), (2, 0)]);
        harness.Process(3);
        harness.EndInput();
        harness.Dispose();
        harness.Dispose();

        Assert.Equal(["open", "1", "2", "3", "close"], log);
    }

    [Fact]
    public void Every_subtask_has_a_function_of_its_own()
    {
        var created = new List<Logged>();
        using (var harness = new OperatorHarness<int, int>(
            numbers => numbers.Map(() =>
            {
                created.Add(new Logged([]));
                return created[^1];
            }),
            new HarnessOptions { Parallelism = 3 }))
        {
            harness.Process([(1, 0), (2, 0), (3, 0)]);
        }

        Assert.Equal(3, created.Count);
        Assert.Equal([0, 1, 2], created.Select(function => function.Subtask).Order());
    }

    [Fact]
    public void Close_AfterAFailureInOpen_IsStillCalled()
    {
        var log = new List<string>();
        var op = new MapOperator<int, int>(n => n, new Logged(log, failOpen: true));
        _ = new OperatorRig(op);
        var error = Assert.ThrowsAny<Exception>(op.Open);
        Assert.Contains("in Open", error.Message, StringComparison.Ordinal);
        op.Close();
        op.Close();

        Assert.Equal(["open", "close"], log);
    }

    [Fact]
    public void Close_OfAFunctionThatWasNeverOpened_IsNotCalled()
    {
        var log = new List<string>();
        var op = new MapOperator<int, int>(n => n, new Logged(log));
        _ = new OperatorRig(op);
        op.Close();
        Assert.Empty(log);
    }

    [Fact]
    public void Close_WhenItThrows_NamesTheOperatorAndReleasesTheState()
    {
        var op = new KeyedProcessOperator<int, int, int>(n => n, new FailingClose());
        _ = new OperatorRig(op);
        op.Open();
        var error = Assert.ThrowsAny<Exception>(op.Close);
        Assert.Contains("in Close", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_group_closes_all_that_were_opened_in_reverse_whatever_they_throw()
    {
        var log = new List<string>();
        var group = new FunctionGroup([new Logged(log, "a"), new Logged(log, "b", failOpen: true, failClose: true), new Logged(log, "c")]);
        var rig = new OperatorRig(new MapOperator<int, int>(n => n, null));
        Assert.ThrowsAny<Exception>(() => group.Start(new OperatorRuntimeContext(rig.Operator.Context)));
        Assert.ThrowsAny<Exception>(group.Close);

        Assert.Equal(["a open", "b open", "b close", "a close"], log);
    }

    private sealed class Logged(List<string> log, string name = "", bool failOpen = false, bool failClose = false) : MapFunction<int, int>
    {
        public int Subtask { get; private set; } = -1;

        public override void Open(RuntimeContext context)
        {
            Subtask = context.SubtaskIndex;
            Assert.Same(context, RuntimeContext);
            Log("open", failOpen);
        }

        public override int Map(int value)
        {
            log.Add($"{value}");
            return value;
        }

        public override void Close() => Log("close", failClose);

        private void Log(string what, bool fail)
        {
            log.Add($"{name} {what}".Trim());
            if (fail)
            {
                throw new InvalidOperationException(what);
            }
        }
    }

    private sealed class FailingClose : KeyedProcessFunction<int, int, int>
    {
        public override void ProcessElement(int value, KeyedProcessContext<int> context, Collector<int> output)
        {
        }

        public override void Close() => throw new InvalidOperationException("no");
    }
}
