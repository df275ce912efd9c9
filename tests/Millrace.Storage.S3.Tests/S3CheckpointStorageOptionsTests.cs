using Millrace.Checkpointing;

namespace Millrace.Storage.S3.Tests;

public sealed class S3CheckpointStorageOptionsTests
{
    [Fact]
    public void Options_WhenOutOfRange_AreRefused()
    {
        Refused(new S3CheckpointStorageOptions { Bucket = "" });
        Refused(new S3CheckpointStorageOptions { Bucket = "b", Prefix = "/p" });
        Refused(new S3CheckpointStorageOptions { Bucket = "b", Prefix = "p/" });
        Refused(new S3CheckpointStorageOptions { Bucket = "b", PartSize = 1 });
        Refused(new S3CheckpointStorageOptions { Bucket = "b", AccessKey = "only" });
    }

    private static void Refused(S3CheckpointStorageOptions options) => Assert.Throws<ArgumentException>(() => new S3CheckpointStorage(options).Dispose());
}
