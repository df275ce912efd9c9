using Millrace.Connectors;

namespace Millrace.Tests.Connectors;

internal static class ResumeCheck
{
    /// <summary>Reads in one go, and once for every record with a snapshot and a fresh reader behind it.</summary>
    public static void EveryRecord<T>(FileSource<T> source, T[] expected)
    {
        Assert.Equal(expected, source.Run().Drain(100).Records);
        for (int records = 0; records <= expected.Length; records++)
        {
            var first = source.Run();
            while (first.Records.Count < records)
            {
                first.Read(0, 1);
            }

            var snapshot = first.Snapshot();
            first.Close();
            var second = new SourceRun<T, FileSplit, FileEnumeratorState>(source, restored: snapshot).Drain(2);
            second.Close();
            Assert.Equal(expected[..records], first.Records);
            Assert.Equal(expected[records..], second.Records);
            if (snapshot.Readers[0] is [var split])
            {
                Assert.Equal(records, split.Records);
            }
        }
    }
}
