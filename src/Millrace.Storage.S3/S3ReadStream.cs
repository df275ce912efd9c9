using Amazon.S3;
using Amazon.S3.Model;

namespace Millrace.Checkpointing;

/// <summary>Reads an object from any position on; a connection that breaks is opened again where it broke.</summary>
internal sealed class S3ReadStream(S3CheckpointStorage storage, AmazonS3Client client, string bucket, string key, long length, CancellationToken cancellationToken) : Stream
{
    private const int Attempts = 3;

    private GetObjectResponse? _response;
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set => Seek(value, SeekOrigin.Begin);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty || _position >= length)
        {
            return 0;
        }

        for (int attempt = 1; ; attempt++)
        {
            try
            {
                _response ??= Open();
                int read = _response.ResponseStream.Read(buffer);
                if (read == 0)
                {
                    throw new HttpRequestException($"The answer ended at byte {_position} of {length}.");
                }

                _position += read;
                return read;
            }
            catch (Exception exception) when (S3CheckpointStorage.IsOfService(exception) || exception is IOException)
            {
                Drop();
                if (attempt == Attempts)
                {
                    throw storage.Failed("read", key, exception);
                }
            }
        }
    }

    public override long Seek(long offset, SeekOrigin origin)
    {
        long target = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => _position + offset,
            _ => length + offset,
        };
        ArgumentOutOfRangeException.ThrowIfNegative(target, nameof(offset));
        if (target != _position)
        {
            Drop();
            _position = target;
        }

        return target;
    }

    public override void Flush()
    {
        // Nothing is written.
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Drop();
        }

        base.Dispose(disposing);
    }

    private GetObjectResponse Open()
    {
        var request = new GetObjectRequest { BucketName = bucket, Key = key, ByteRange = new ByteRange(_position, length - 1) };
        return S3CheckpointStorage.Ask(() => client.GetObjectAsync(request, cancellationToken));
    }

    private void Drop()
    {
        _response?.Dispose();
        _response = null;
    }
}
