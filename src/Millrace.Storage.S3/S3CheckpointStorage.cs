using System.Buffers;
using System.Net;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace Millrace.Checkpointing;

/// <summary>Keeps checkpoints in a bucket of S3, or of a store that speaks its protocol and knows conditional writes (<c>If-None-Match: *</c>).</summary>
/// <remarks>
/// <para>Files above <see cref="S3CheckpointStorageOptions.PartSize"/> are uploaded in parts as they are written. Give the bucket a rule that removes incomplete uploads after some days: those of a process that was killed stay.</para>
/// <para>Safe for use by several threads. What passes is tried again by the AWS SDK.</para>
/// </remarks>
public sealed class S3CheckpointStorage : CheckpointStorage, IDisposable
{
    // What one request of S3 takes.
    private const int DeletedAtOnce = 1_000;

    private static readonly SearchValues<char> AllowedCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    private readonly S3CheckpointStorageOptions _options;
    private readonly AmazonS3Client _client;
    private readonly string _prefix;

    /// <summary>Creates the storage. The bucket is not looked at yet.</summary>
    /// <param name="options">Which bucket, where, and with whose rights.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public S3CheckpointStorage(S3CheckpointStorageOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _prefix = options.Prefix.Length == 0 ? "" : options.Prefix + "/";

        // Checksums only where the protocol asks for them: the SDK's default sends bodies in chunks with trailers, which some stores do not understand and
        // one keeps as if they were content. Every file has a checksum of the engine's own.
        var config = new AmazonS3Config
        {
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (options.ServiceUrl is { } service)
        {
            config.ServiceURL = service.ToString();
            config.ForcePathStyle = true;
            config.AuthenticationRegion = options.Region;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        }

        _client = options.AccessKey is { } key ? new AmazonS3Client(new BasicAWSCredentials(key, options.SecretKey), config) : new AmazonS3Client(config);
    }

    /// <inheritdoc/>
    public override string Description => $"s3://{_options.Bucket}{(_prefix.Length == 0 ? "" : "/" + _options.Prefix)}";

    /// <inheritdoc/>
    public override StorageOutput Create(string name, CancellationToken cancellationToken = default) =>
        new S3StorageOutput(this, _client, _options.Bucket, KeyOf(name), _options.PartSize, cancellationToken);

    /// <inheritdoc/>
    public override bool TryCreate(string name, ReadOnlySpan<byte> content, CancellationToken cancellationToken = default)
    {
        string key = KeyOf(name);
        using var body = new MemoryStream(content.ToArray(), writable: false);
        var request = new PutObjectRequest { BucketName = _options.Bucket, Key = key, InputStream = body, IfNoneMatch = "*", UseChunkEncoding = false };
        try
        {
            _ = Block(() => _client.PutObjectAsync(request, cancellationToken));
            return true;
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode is HttpStatusCode.PreconditionFailed or HttpStatusCode.Conflict)
        {
            return false;
        }
        catch (Exception exception) when (IsOfService(exception))
        {
            throw Failed("created", key, exception);
        }
    }

    /// <inheritdoc/>
    public override Stream OpenRead(string name, CancellationToken cancellationToken = default)
    {
        string key = KeyOf(name);
        try
        {
            long length = Ask(() => _client.GetObjectMetadataAsync(_options.Bucket, key, cancellationToken)).ContentLength;
            return new S3ReadStream(this, _client, _options.Bucket, key, length, cancellationToken);
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.NotFound)
        {
            throw new FileNotFoundException($"There is no {Place(key)}.", name, exception);
        }
        catch (Exception exception) when (IsOfService(exception))
        {
            throw Failed("read", key, exception);
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<StoredFile> List(string folder, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(folder);
        string start = folder.Length == 0 ? _prefix : KeyOf(folder) + "/";
        List<StoredFile> files = [];
        var request = new ListObjectsV2Request { BucketName = _options.Bucket, Prefix = start };
        try
        {
            ListObjectsV2Response page;
            do
            {
                page = Ask(() => _client.ListObjectsV2Async(request, cancellationToken));
                foreach (var item in page.S3Objects ?? [])
                {
                    files.Add(new StoredFile(item.Key[_prefix.Length..], item.Size ?? 0, item.LastModified?.ToUniversalTime() ?? DateTimeOffset.UnixEpoch));
                }

                request.ContinuationToken = page.NextContinuationToken;
            }
            while (page.IsTruncated == true);
        }
        catch (Exception exception) when (IsOfService(exception))
        {
            throw Failed("listed", start, exception);
        }

        files.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        return files;
    }

    /// <inheritdoc/>
    public override void Delete(IReadOnlyCollection<string> names, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(names);
        foreach (string[] part in names.Select(KeyOf).ToList().Chunk(DeletedAtOnce))
        {
            var request = new DeleteObjectsRequest { BucketName = _options.Bucket, Quiet = true, Objects = [.. part.Select(key => new KeyVersion { Key = key })] };
            try
            {
                var response = Block(() => _client.DeleteObjectsAsync(request, cancellationToken));
                if (response.DeleteErrors is [var first, ..])
                {
                    throw new IOException($"{response.DeleteErrors.Count} of {part.Length} files could not be deleted. The first: {Place(first.Key)}: {first.Code} {first.Message}");
                }
            }
            catch (Exception exception) when (IsOfService(exception))
            {
                throw Failed("deleted", part[0], exception);
            }
        }
    }

    /// <summary>Releases connections. What is open over them cannot be used any more.</summary>
    public void Dispose() => _client.Dispose();

    // The engine calls a storage on threads of its own, where blocking is right; the SDK has asynchronous methods alone. Its continuations run on the thread pool
    // and need no thread of the engine, so this cannot lock itself up.
    internal static T Block<T>(Func<Task<T>> call) => call().GetAwaiter().GetResult();

    /// <summary>
    /// Asks for something, and once more where the store says that it has not understood the question and nothing else: a store that answers a conditional write before it has read the body
    /// takes what is left of the body, on a connection that is used again, for the beginning of the next request.
    /// </summary>
    internal static T Ask<T>(Func<Task<T>> call)
    {
        try
        {
            return Block(call);
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.BadRequest && exception.ErrorCode is (null or "" or nameof(HttpStatusCode.BadRequest)))
        {
            return Block(call);
        }
    }

    internal static bool IsOfService(Exception exception) =>
        exception is AmazonServiceException or AmazonClientException or HttpRequestException or TimeoutException || (exception is OperationCanceledException { InnerException: TimeoutException });

    internal IOException Failed(string what, string key, Exception cause)
    {
        string advice = (cause as AmazonServiceException)?.StatusCode switch
        {
            HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized => "Check AccessKey and SecretKey, and that they may read, write, list and delete below the prefix.",
            HttpStatusCode.NotFound => "Check Bucket: it must exist.",
            HttpStatusCode.NotImplemented => "The store does not know this request; checkpoints need conditional writes (If-None-Match: *) and uploads in parts.",
            _ => "Check ServiceUrl and Region, and whether the store answers.",
        };
        return new IOException($"{Place(key)} cannot be {what}: {cause.Message} {advice}", cause);
    }

    private string Place(string key) => $"s3://{_options.Bucket}/{key}";

    private string KeyOf(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        foreach (var range in name.AsSpan().Split('/'))
        {
            var part = name.AsSpan(range);
            if (part.IsEmpty || part[0] == '.' || part.ContainsAnyExcept(AllowedCharacters))
            {
                throw new ArgumentException($"'{name}' is no name of a stored file: its parts, separated by '/', have letters, digits, '-', '_' and '.', and do not begin with a '.'.", nameof(name));
            }
        }

        return _prefix + name;
    }
}
