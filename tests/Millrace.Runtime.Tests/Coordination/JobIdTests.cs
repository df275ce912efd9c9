using CsCheck;
using Millrace.Checkpointing;
using Millrace.Runtime.Coordination;

namespace Millrace.Runtime.Tests.Coordination;

/// <summary>The folders of jobs by their names: each job has its own.</summary>
public sealed class JobIdTests
{
    // Pinned: another id for the same name, and the next version of the engine does not find the job's checkpoints.
    [Theory]
    [InlineData("orders", "orders")]
    [InlineData("flight-delays", "flight-delays")]
    [InlineData("orders_2", "orders_2")]
    [InlineData("my-job", "my-job")]
    [InlineData("My Job", "my-job.0ce4e276eee5e643")]
    [InlineData("my job", "my-job.766136ae95c2040f")]
    [InlineData("my--job", "my-job.081ed2c00a6623de")]
    [InlineData("-orders-", "orders.046b0c6c2cd68bb4")]
    [InlineData("Заказы", "job.abd8d99f5e19e567")]
    [InlineData("orders.a08f9b9bee0fd20b", "orders-a08f9b9bee0fd20b.a3573d937c021314")]
    public void Id_OfAName_StaysTheSame(string name, string id) => Assert.Equal(id, JobIds.From(name));

    [Theory]
    [InlineData("My Job", "my-job")]
    [InlineData("my job", "my-job")]
    [InlineData("My Job", "my job")]
    [InlineData("Orders", "orders")]
    [InlineData("-orders", "orders")]
    [InlineData("a--b", "a-b")]
    [InlineData("a.b", "a-b")]
    [InlineData("Заказы", "Отчёты")]
    [InlineData("job", "Job!")]
    public void Id_OfAnotherName_IsAnother(string one, string other) => Assert.NotEqual(JobIds.From(one), JobIds.From(other), StringComparer.OrdinalIgnoreCase);

    // Not as data of the theory above: an attribute's text is UTF-8, in which both are the same replacement character.
    [Fact]
    public void Id_OfHalfACharacter_IsAnotherForTheOtherHalf() => Assert.NotEqual(JobIds.From("\ud800"), JobIds.From("\udc00"));

    [Fact]
    public void Id_OfALongName_KeepsWhatIsBehindItsEnd()
    {
        string start = new('x', 100);
        Assert.Equal(start, JobIds.From(start));
        Assert.NotEqual(JobIds.From(start + "1"), JobIds.From(start + "2"));
        Assert.InRange(JobIds.From(start + "1").Length, 1, 120);
    }

    [Fact]
    public void Id_OfAnyTwoNames_IsValid_AndDiffersWhereTheyDo() => Gen.Select(Gen.String[Gen.Char["aAbB-_. ж"], 0, 6], Gen.String[Gen.Char["aAbB-_. ж"], 0, 6]).Sample((one, other) =>
    {
        Assert.True(CheckpointOptions.IsName(JobIds.From(one)), one);
        Assert.Equal(one == other, string.Equals(JobIds.From(one), JobIds.From(other), StringComparison.OrdinalIgnoreCase));
    });
}
