using Millrace.Runtime.Coordination;

namespace Millrace.Runtime.Tests.Coordination;

public sealed class FailureHistoryTests
{
    [Fact]
    public void Add_MoreThanTheCapacity_KeepsTheLastAndCountsAll()
    {
        var history = new FailureHistory();
        for (int i = 0; i < 250; i++)
        {
            history.Add(new FailureRecord(i, new InvalidOperationException(), null, i % 2 == 0 ? FailureOutcome.Restart : FailureOutcome.Merged, [], default));
        }

        Assert.Equal(100, history.Records.Count);
        Assert.Equal(150, history.Records[0].Time);
        Assert.Equal(249, history.Records[^1].Time);
        Assert.Equal(250, history.Failures);
        Assert.Equal(125, history.Restarts);
    }

    [Fact]
    public void Records_ReadEarlier_DoNotChange()
    {
        var history = new FailureHistory();
        var before = history.Records;
        history.Add(new FailureRecord(1, new InvalidOperationException(), null, FailureOutcome.Restart, [], default));
        Assert.Empty(before);
    }

    public static TheoryData<Exception, bool> Errors => new()
    {
        { new InvalidOperationException(), true },
        { new ConnectorException("MR7001", "down", isTransient: true), true },
        { new NonRecoverableException("no"), false },
        { new StateIncompatibleException("MR4102", "no"), false },
        { new GraphException("MR1001", "no"), false },
        { new InvalidOperationException("outer", new InvalidOperationException("middle", new NonRecoverableException("no"))), false },
        { new AggregateException(new InvalidOperationException(), new InvalidOperationException("outer", new GraphException("MR1001", "no"))), false },
        { new AggregateException(new InvalidOperationException(), new InvalidOperationException()), true },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public void FindNonRecoverable_AnywhereInTheCauses_IsFound(Exception error, bool isRecoverable) => Assert.Equal(isRecoverable, Recoverability.FindNonRecoverable(error) is null);
}
