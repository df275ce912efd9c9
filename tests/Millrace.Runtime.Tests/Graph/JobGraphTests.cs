using Millrace.Runtime.Graph;

namespace Millrace.Runtime.Tests.Graph;

/// <summary>A graph whose tasks get other numbers of subtasks than the program says.</summary>
public sealed class JobGraphTests
{
    [Fact]
    public void WithTasks_KeepsWhatIsFusedAndWhatIdentifiesTheJob()
    {
        var job = Build();
        Assert.Equal([2, 2], job.Tasks);
        var other = job.WithTasks([1, 4]);
        Assert.Equal([1, 4], other.Tasks);
        Assert.Equal(job.Vertices.Select(vertex => vertex.Name), other.Vertices.Select(vertex => vertex.Name));
        Assert.Equal((job.Fingerprint, job.Uids), (other.Fingerprint, other.Uids));
        Assert.All(other.Stream.Nodes, node => Assert.Equal(node.Inputs.Count == 0 || node.Name == "Double" ? 1 : 4, other.ParallelismOf(node)));
        Assert.Equal(PartitioningKind.Hash, Assert.Single(other.Edges).Partitioning);
    }

    [Fact]
    public void WithTasks_StreamThatSaysNothing_IsDealtOutByTheNewNumbers()
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2, OperatorChaining = false });
        env.FromSequence(1, 10).Map(n => n).Discard();
        var job = env.BuildJobGraph("job");
        Assert.All(job.Edges, edge => Assert.Equal(PartitioningKind.Forward, edge.Partitioning));
        var other = job.WithTasks([2, 3, 3]);
        Assert.Equal([PartitioningKind.Rebalance, PartitioningKind.Forward], other.Edges.Select(edge => edge.Partitioning));
        Assert.Equal([PartitioningKind.Forward, PartitioningKind.Forward], other.WithTasks([2, 2, 2]).Edges.Select(edge => edge.Partitioning));
        Assert.All(other.Edges, edge => Assert.Equal(edge.Partitioning, other.PartitioningOf(edge.Stream)));
    }

    [Theory]
    [InlineData("The job has 2 tasks, and 1 numbers of subtasks were given.", 1)]
    [InlineData("cannot have 0 subtasks, but 1 to 8.", 1, 0)]
    [InlineData("cannot have 9 subtasks, but 1 to 8.", 1, 9)]
    public void WithTasks_NumbersThatTheJobCannotHave_Throws(string expected, params int[] tasks) =>
        Assert.Contains(expected, Assert.Throws<ArgumentException>(() => Build().WithTasks(tasks)).Message, StringComparison.Ordinal);

    [Fact]
    public void WithTasks_DeclaredForwardStream_NeedsAsManyOnBothSides()
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2, OperatorChaining = false });
        env.FromSequence(1, 10).Forward().Map(n => n).Discard();
        Assert.Contains("A forward stream connects", Assert.Throws<ArgumentException>(() => env.BuildJobGraph("job").WithTasks([2, 3, 3])).Message, StringComparison.Ordinal);
    }

    private static JobGraph Build()
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2, MaxParallelism = 8 });
        env.FromSequence(1, 10).Map(n => 2 * n).Name("Double").KeyBy(n => n).Reduce((_, n) => n).Discard();
        return env.BuildJobGraph("job");
    }
}
