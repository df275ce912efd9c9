using System.Diagnostics;
using System.Runtime.InteropServices;
using Amazon.S3;
using Millrace.Checkpointing;

[assembly: AssemblyFixture(typeof(Millrace.Storage.S3.Tests.CephServer))]

namespace Millrace.Storage.S3.Tests;

/// <summary>Ceph's gateway for all tests of this assembly; it is stopped when they are over.</summary>
public sealed class CephServer : IAsyncLifetime
{
    public const string Bucket = "checkpoints";
    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-ceph-").FullName;

    /// <summary>Why there is none.</summary>
    public string? WhyNot { get; private set; }

    public Uri Address { get; private set; } = new("http://127.0.0.1");

    public string AccessKey { get; private set; } = "";

    public string SecretKey { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        if (!RuntimeInformation.IsOSPlatform(OSPlatform.Linux))
        {
            WhyNot = "Ceph's gateway runs on Linux.";
            return;
        }

        if (await RunAsync("install") is (not 0, var refused, _))
        {
            WhyNot = $"Ceph's gateway cannot be installed: {refused}";
            return;
        }

        var (code, errors, output) = await RunAsync("start");
        if (code != 0)
        {
            WhyNot = $"Ceph's gateway is installed but does not start: {errors}";
            return;
        }

        string[] words = output.Trim().Split('\n')[^1].Split(' ');
        (Address, AccessKey, SecretKey) = (new Uri($"http://127.0.0.1:{words[0]}"), words[1], words[2]);
        using var client = new AmazonS3Client(AccessKey, SecretKey, new AmazonS3Config { ServiceURL = Address.ToString(), ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
        await client.PutBucketAsync(Bucket);
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync("stop");
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A storage over the bucket.</summary>
    public S3CheckpointStorage Storage(string prefix, string? secretKey = null, string bucket = Bucket)
    {
        Assert.SkipWhen(WhyNot is not null, WhyNot ?? "");
        return new S3CheckpointStorage(new S3CheckpointStorageOptions
        {
            Bucket = bucket,
            Prefix = prefix,
            ServiceUrl = Address,
            AccessKey = AccessKey,
            SecretKey = secretKey ?? SecretKey,
            PartSize = 5 << 20,
        });
    }

    private async Task<(int Code, string Errors, string Output)> RunAsync(string command)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/bash")
        {
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "ceph.sh"), command, _folder },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await errors, output);
    }
}
