using Millrace.Nexmark.Running;

namespace Millrace.Nexmark.Tests;

public sealed class QueryProcessTests
{
    [Fact]
    public void ArgumentsFor_AnyWayToWriteThem_ReplacesQueryAndFile()
    {
        string[] expected = ["--rounds", "3", "--hand-written", "--query", "q5", "--json", "one.json"];
        Assert.Equal(expected, QueryProcess.ArgumentsFor(["--query", "all", "--rounds", "3", "--json", "all.json", "--hand-written"], "q5", "one.json"));
        Assert.Equal(expected, QueryProcess.ArgumentsFor(["--query=q5,q6", "--rounds", "3", "--hand-written", "--json:all.json"], "q5", "one.json"));
        Assert.Equal(expected, QueryProcess.ArgumentsFor(["--rounds", "3", "--hand-written"], "q5", "one.json"));
    }
}
