using System.Text.RegularExpressions;

namespace Millrace.Architecture.Tests;

/// <summary>What a reader may count on in every file.</summary>
public sealed partial class FileRules
{
    private const int MaxLines = 1_000;
    private const int LinesWithoutReason = 500;

    // Files over 500 lines, each with the reason why it is better whole.
    private static readonly Dictionary<string, string> LongFiles = [];

    private static readonly string[] CodeFolders = ["src/", "tests/", "benchmarks/", "samples/"];

    [Fact]
    public void A_file_is_short_enough_to_be_read()
    {
        List<string> wrong = [];
        foreach (string file in Repository.CSharp(CodeFolders))
        {
            int lines = Repository.Read(file).AsSpan().Count('\n');
            if (lines > MaxLines)
            {
                wrong.Add($"{file} has {lines} lines; no file has more than {MaxLines}");
            }
            else if (lines > LinesWithoutReason && !LongFiles.ContainsKey(file))
            {
                wrong.Add($"{file} has {lines} lines: split it, or give the reason in the table {nameof(LongFiles)} of {nameof(FileRules)}.cs");
            }
            else if (lines <= LinesWithoutReason && LongFiles.ContainsKey(file))
            {
                wrong.Add($"{file} has {lines} lines and needs no reason any more: take it out of {nameof(LongFiles)}");
            }
        }

        Violations.MustBeNone(wrong.Concat(LongFiles.Keys.Except(Repository.Files).Select(file => $"{file} is in {nameof(LongFiles)} but does not exist")));
    }

    [Fact]
    public void Nothing_in_src_is_left_for_later()
        => Violations.MustBeNone(Repository.CSharp("src/").SelectMany(file => LinesThatMatch(file, LeftForLater())));

    [Fact]
    public void No_file_mentions_a_path_of_the_machine_it_was_written_on()
        => Violations.MustBeNone(Repository.Files.Where(IsText).SelectMany(file => LinesThatMatch(file, MachinePath())));

    private static IEnumerable<string> LinesThatMatch(string file, Regex pattern)
        => Repository.Read(file).Split('\n').Index().Where(line => pattern.IsMatch(line.Item)).Select(line => $"{file}:{line.Index + 1}: {line.Item.Trim()}");

    // Data files may hold anything; they are recognized as git does, by a zero byte.
    private static bool IsText(string file)
    {
        using FileStream stream = File.OpenRead(Path.Combine(Repository.Root, file));
        byte[] head = new byte[8_000];
        int count = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        return !head.AsSpan(0, count).Contains((byte)0);
    }

    [GeneratedRegex(@"\b(NotImplementedException|TODO|FIXME|HACK)\b")]
    private static partial Regex LeftForLater();

    [GeneratedRegex(@"(?<![\w.~:/-])/(work|root|home/\w+|tmp/bash_jobs)/")]
    private static partial Regex MachinePath();
}
