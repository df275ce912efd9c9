namespace Millrace.ClusterTests;

/// <summary>What the program says, a line at a time.</summary>
internal static class Output
{
    private static readonly Lock Lock = new();

    public static void Say(string line)
    {
        lock (Lock)
        {
            Console.Out.WriteLine(line);
            Console.Out.Flush();
        }
    }
}
