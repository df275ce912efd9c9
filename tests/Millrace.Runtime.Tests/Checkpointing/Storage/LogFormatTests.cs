using Millrace.Runtime.Checkpointing.Storage;

namespace Millrace.Runtime.Tests.Checkpointing.Storage;

public sealed class LogFormatTests
{
    // Of a checkpoint that was completed, by the first version.
    private const string Version1 =
        "4D52434C01" + "0E" + "00112233445566778899AABBCCDDEEFF" + "02" + "D00F" + "0A" + "04" + "1E" + "FF" + "01" + "0A" + "096A6F622F63686B2D35" + "0807060504030201" + "00";

    private const string Suspended =
        "4D52434C02" + "0E" + "00112233445566778899AABBCCDDEEFF" + "05" + "D00F" + "0A" + "04" + "1E" + "08" + "00" + "01" + "0A" + "057361766564" + "0807060504030201" + "036F6C64";

    private static readonly Guid Token = new(Convert.FromHexString("00112233445566778899AABBCCDDEEFF"));

    [Fact]
    public void Bytes_OfAnEntry_AreThese()
    {
        var state = new LogState(2, 15, [], JobState.Suspended, new StopSavepoint(5, "saved", 0x0102030405060708, "old"));
        byte[] bytes = LogFormat.Write(new LogEntry(7, Token, LogEntryKind.JobEnded, 1_000, 5, state));
        Assert.Equal(Suspended, Convert.ToHexString(bytes)[..^16]);
        var read = LogFormat.Read(bytes, 7, "log");
        Assert.Equal((7L, Token, LogEntryKind.JobEnded, 1_000L, 5L), (read.Sequence, read.Token, read.Kind, read.When, read.Subject));
        Assert.Equal((2L, 15L, JobState.Suspended, state.Savepoint), (read.State.Epoch, read.State.ReservedId, read.State.Ended!.Value, read.State.Savepoint));
        Assert.Empty(read.State.Retained);
    }

    [Fact]
    public void Entries_OfTheFirstVersion_AreRead()
    {
        byte[] body = Convert.FromHexString(Version1);
        byte[] bytes = [.. body, .. BitConverter.GetBytes(System.IO.Hashing.XxHash3.HashToUInt64(body))];
        var read = LogFormat.Read(bytes, 7, "log");
        Assert.Equal((LogEntryKind.CheckpointCompleted, 1_000L, 5L), (read.Kind, read.When, read.Subject));
        Assert.Equal((2L, 15L, null, null), (read.State.Epoch, read.State.ReservedId, read.State.Ended, read.State.Savepoint));
        Assert.Equal([new RetainedCheckpoint(5, "job/chk-5", 0x0102030405060708, IsClaimed: false)], read.State.Retained);
    }

    [Fact]
    public void Read_OfALaterVersion_IsRefused()
    {
        byte[] bytes = LogFormat.Write(new LogEntry(1, Token, LogEntryKind.EpochBegan, 0, 0, LogState.Empty));
        bytes[4]++;
        Assert.Equal("MR4202", Assert.Throws<MillraceException>(() => LogFormat.Read(bytes, 1, "log")).Code);
    }
}
