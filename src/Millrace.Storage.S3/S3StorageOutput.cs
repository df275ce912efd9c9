using Amazon.S3;
using Amazon.S3.Model;

namespace Millrace.Checkpointing;

/// <summary>A file on its way into a bucket: one request where it is small, an upload in parts where it is not.</summary>
internal sealed class S3StorageOutput : StorageOutput
{
    private readonly S3CheckpointStorage _storage;
    private readonly AmazonS3Client _client;
    private readonly string _bucket;
    private readonly string _key;
    private readonly int _partSize;
    private readonly CancellationToken _cancellationToken;
    private readonly PartStream _stream;
    private readonly List<PartETag> _parts = [];
    private string? _uploadId;
    private bool _isCompleted;

    public S3StorageOutput(S3CheckpointStorage storage, AmazonS3Client client, string bucket, string key, int partSize, CancellationToken cancellationToken)
    {
        _storage = storage;
        _client = client;
        _bucket = bucket;
        _key = key;
        _partSize = partSize;
        _cancellationToken = cancellationToken;
        _stream = new PartStream(this);
    }

    public override Stream Stream => _stream;

    public override void Complete()
    {
        if (_isCompleted)
        {
            throw new InvalidOperationException($"s3://{_bucket}/{_key} is complete already.");
        }

        try
        {
            if (_uploadId is null)
            {
                using var body = _stream.TakeBuffer();
                var request = new PutObjectRequest { BucketName = _bucket, Key = _key, InputStream = body, UseChunkEncoding = false };
                _ = S3CheckpointStorage.Block(() => _client.PutObjectAsync(request, _cancellationToken));
            }
            else
            {
                UploadPart();
                var request = new CompleteMultipartUploadRequest { BucketName = _bucket, Key = _key, UploadId = _uploadId, PartETags = _parts };
                _ = S3CheckpointStorage.Block(() => _client.CompleteMultipartUploadAsync(request, _cancellationToken));
            }

            _isCompleted = true;
        }
        catch (Exception exception) when (S3CheckpointStorage.IsOfService(exception))
        {
            throw _storage.Failed("written", _key, exception);
        }
    }

    protected override void Dispose(bool disposing)
    {
        _stream.Dispose();
        if (_isCompleted || _uploadId is null)
        {
            return;
        }

        try
        {
            var request = new AbortMultipartUploadRequest { BucketName = _bucket, Key = _key, UploadId = _uploadId };
            _ = S3CheckpointStorage.Block(() => _client.AbortMultipartUploadAsync(request, CancellationToken.None));
        }
        catch (Exception exception) when (S3CheckpointStorage.IsOfService(exception))
        {
            // Nobody sees the parts; the bucket's rule for incomplete uploads removes them.
        }
    }

    private void UploadPart()
    {
        try
        {
            if (_uploadId is null)
            {
                var begin = new InitiateMultipartUploadRequest { BucketName = _bucket, Key = _key };
                _uploadId = S3CheckpointStorage.Block(() => _client.InitiateMultipartUploadAsync(begin, _cancellationToken)).UploadId;
            }

            using var body = _stream.TakeBuffer();
            var request = new UploadPartRequest
            {
                BucketName = _bucket,
                Key = _key,
                UploadId = _uploadId,
                PartNumber = _parts.Count + 1,
                InputStream = body,
                PartSize = body.Length,
                UseChunkEncoding = false,
            };
            var response = S3CheckpointStorage.Block(() => _client.UploadPartAsync(request, _cancellationToken));
            _parts.Add(new PartETag(_parts.Count + 1, response.ETag));
        }
        catch (Exception exception) when (S3CheckpointStorage.IsOfService(exception))
        {
            throw _storage.Failed("written", _key, exception);
        }
    }

    /// <summary>Gathers a part, and sends it when the first byte behind it comes: the last part may be short, and none may be empty.</summary>
    private sealed class PartStream(S3StorageOutput output) : Stream
    {
        private byte[] _buffer = new byte[64 * 1024];
        private int _count;
        private long _length;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => _length;

        public override long Position
        {
            get => _length;
            set => throw new NotSupportedException();
        }

        /// <summary>What was gathered; the buffer is used again when the next part is gathered.</summary>
        public MemoryStream TakeBuffer()
        {
            var body = new MemoryStream(_buffer, 0, _count, writable: false);
            _count = 0;
            return body;
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _length += buffer.Length;
            while (!buffer.IsEmpty)
            {
                if (_count == output._partSize)
                {
                    output.UploadPart();
                }

                int taken = Math.Min(buffer.Length, output._partSize - _count);
                if (_count + taken > _buffer.Length)
                {
                    Array.Resize(ref _buffer, (int)Math.Min(output._partSize, Math.Max(_count + taken, _buffer.Length * 2L)));
                }

                buffer[..taken].CopyTo(_buffer.AsSpan(_count));
                _count += taken;
                buffer = buffer[taken..];
            }
        }

        public override void Flush()
        {
            // A part is sent when it is full.
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
