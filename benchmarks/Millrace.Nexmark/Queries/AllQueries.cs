namespace Millrace.Nexmark.Queries;

/// <summary>The queries of the suite. One more is a line here.</summary>
internal static class AllQueries
{
    public static IReadOnlyList<NexmarkQuery> All { get; } =
    [
        new Q0(),
        new Q1(),
        new Q2(),
        new Q3(),
        new Q4(),
        new Q5(),
        new Q6(),
        new Q7(),
        new Q8(),
        new Q9(),
        new Q10(),
        new Q11(),
        new Q12(),
        new Q13(),
        new Q14(),
        new Q15(),
        new Q16(),
        new Q17(),
        new Q18(),
        new Q19(),
        new Q20(),
        new Q21(),
        new Q22(),
        new Q23(),
    ];

    /// <exception cref="ArgumentException">There is no such query.</exception>
    public static NexmarkQuery Named(string name) =>
        All.FirstOrDefault(query => query.Name == name) ?? throw new ArgumentException($"There is no query '{name}'. There are {string.Join(", ", All.Select(query => query.Name))}.");
}
