using System.Text;

namespace Millrace.Runtime.Coordination;

/// <summary>The names under which the checkpoints of jobs are kept that were given none.</summary>
internal static class JobIds
{
    private const int MaxLength = 100;

    /// <summary>Makes a name of a folder of the name of a job: the same for the same job, so that its next start finds its checkpoints.</summary>
    public static string From(string jobName)
    {
        var id = new StringBuilder();
        foreach (char c in jobName)
        {
            if (char.IsAsciiLetterOrDigit(c) || c is '_')
            {
                id.Append(char.ToLowerInvariant(c));
            }
            else if (id.Length > 0 && id[^1] != '-')
            {
                id.Append('-');
            }
        }

        string text = id.ToString().Trim('-');
        return text.Length == 0 ? "job" : text.Length <= MaxLength ? text : text[..MaxLength];
    }
}
