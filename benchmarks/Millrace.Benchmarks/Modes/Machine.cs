using System.Runtime.InteropServices;

namespace Millrace.Benchmarks.Modes;

/// <summary>What a result carries besides its numbers.</summary>
internal static class Machine
{
    public static string Describe() =>
        $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, "
        + $"{(System.Runtime.GCSettings.IsServerGC ? "server" : "workstation")} GC, {Commit()}";

    // The compiler writes the commit behind the version's '+'.
    private static string Commit()
    {
        var version = Attribute.GetCustomAttribute(typeof(Machine).Assembly, typeof(System.Reflection.AssemblyInformationalVersionAttribute))
            as System.Reflection.AssemblyInformationalVersionAttribute;
        string text = version?.InformationalVersion ?? "";
        int plus = text.IndexOf('+', StringComparison.Ordinal);
        return plus < 0 ? "commit unknown" : $"commit {text[(plus + 1)..]}";
    }
}
