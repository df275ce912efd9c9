namespace Millrace.Checkpointing;

/// <summary>Which bucket, where, and with whose rights.</summary>
public sealed class S3CheckpointStorageOptions
{
    /// <summary>The bucket; it must exist.</summary>
    public required string Bucket { get; init; }

    /// <summary>The beginning of all keys, without a slash at either end.</summary>
    /// <value>Default: empty, the whole bucket.</value>
    public string Prefix { get; init; } = "";

    /// <summary>The address of a store that is not AWS, for example <c>http://127.0.0.1:9000</c>. Buckets then stand in the path and not in the name of the host.</summary>
    /// <value>Default: <see langword="null"/>, AWS.</value>
    public Uri? ServiceUrl { get; init; }

    /// <summary>The region, also the one that requests to <see cref="ServiceUrl"/> are signed for.</summary>
    /// <value>Default: <c>us-east-1</c>, which stores that know no regions accept.</value>
    public string Region { get; init; } = "us-east-1";

    /// <summary>The access key; together with <see cref="SecretKey"/>.</summary>
    /// <value>Default: <see langword="null"/>: what the AWS SDK finds in the environment, in profiles or from the machine's role.</value>
    public string? AccessKey { get; init; }

    /// <summary>The secret key.</summary>
    /// <value>Default: <see langword="null"/>.</value>
    public string? SecretKey { get; init; }

    /// <summary>Files above this size are uploaded in parts of it; each file that is being written has a buffer of this size.</summary>
    /// <value>5 MiB to 1 GiB. Default: 16 MiB, with which the 10,000 parts that S3 allows make 160 GB.</value>
    public int PartSize { get; init; } = 16 << 20;

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(Bucket);
        ArgumentNullException.ThrowIfNull(Prefix);
        if (Prefix.StartsWith('/') || Prefix.EndsWith('/'))
        {
            throw new ArgumentException($"{nameof(Prefix)} is '{Prefix}'; it must not begin or end with a slash.");
        }

        if (PartSize is < 5 << 20 or > 1 << 30)
        {
            throw new ArgumentException($"{nameof(PartSize)} is {PartSize}; it must be between {5 << 20} (what S3 asks of a part) and {1 << 30}.");
        }

        if (AccessKey is null != SecretKey is null)
        {
            throw new ArgumentException($"{nameof(AccessKey)} and {nameof(SecretKey)} are given together or not at all.");
        }
    }
}
