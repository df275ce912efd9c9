#pragma warning disable xUnit1051 // The calls are short and blocking; a token would say nothing about the storage.

using Amazon.S3;
using Millrace.Checkpointing;
using Millrace.Shared;

namespace Millrace.Storage.S3.Tests;

public sealed class S3CheckpointStorageTests : CheckpointStorageContract, IDisposable
{
    private readonly CephServer _server;
    private readonly string _prefix = $"tests/{Guid.NewGuid():N}";
    private readonly S3CheckpointStorage _storage;
    private readonly S3CheckpointStorage _another;

    public S3CheckpointStorageTests(CephServer server)
    {
        ArgumentNullException.ThrowIfNull(server);
        _server = server;
        _storage = server.Storage(_prefix);
        _another = server.Storage(_prefix);
    }

    protected override CheckpointStorage Storage => _storage;

    protected override CheckpointStorage Another => _another;

    public void Dispose()
    {
        _storage.Dispose();
        _another.Dispose();
    }

    [Fact]
    public async Task An_upload_that_was_not_completed_leaves_no_parts()
    {
        using (var output = _storage.Create("job/large"))
        {
            output.Stream.Write(new byte[12 << 20]);
        }

        using var client = new AmazonS3Client(_server.AccessKey, _server.SecretKey, new AmazonS3Config { ServiceURL = _server.Address.ToString(), ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
        var uploads = await client.ListMultipartUploadsAsync(CephServer.Bucket, TestContext.Current.CancellationToken);
        Assert.DoesNotContain(uploads.MultipartUploads ?? [], upload => upload.Key.StartsWith(_prefix, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1)]
    public void A_file_of_just_about_whole_parts_is_read_back(int more)
    {
        var bytes = new byte[(10 << 20) + more];
        new Random(3).NextBytes(bytes);
        Put("job/parts", bytes);
        Assert.True(Get("job/parts").AsSpan().SequenceEqual(bytes));
    }

    [Fact]
    public void A_wrong_secret_is_an_IOException_that_says_what_to_check()
    {
        using var storage = _server.Storage(_prefix, secretKey: "wrong");
        var error = Assert.Throws<IOException>(() => storage.TryCreate("job/a", [1]));
        Assert.Contains("SecretKey", error.Message, StringComparison.Ordinal);
        Assert.Contains($"s3://{CephServer.Bucket}/{_prefix}/job/a", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bucket_that_is_not_there_is_an_IOException_that_names_it()
    {
        using var storage = _server.Storage(_prefix, bucket: "no-such-bucket");
        var error = Assert.Throws<IOException>(() => storage.List(""));
        Assert.Contains("no-such-bucket", error.Message, StringComparison.Ordinal);
    }
}
