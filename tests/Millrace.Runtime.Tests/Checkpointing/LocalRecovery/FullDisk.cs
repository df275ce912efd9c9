using Millrace.Checkpointing;

namespace Millrace.Runtime.Tests.Checkpointing.LocalRecovery;

/// <summary>A disk with room for so many bytes of each file, and for none more.</summary>
internal sealed class FullDisk(CheckpointStorage inner) : CheckpointStorage
{
    public int Room { get; set; } = int.MaxValue;

    public override string Description => "full disk";

    public override StorageOutput Create(string name, CancellationToken cancellationToken = default) => new Output(this, inner.Create(name, cancellationToken));

    public override bool TryCreate(string name, ReadOnlySpan<byte> content, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public override Stream OpenRead(string name, CancellationToken cancellationToken = default) => inner.OpenRead(name, cancellationToken);

    public override IReadOnlyList<StoredFile> List(string folder, CancellationToken cancellationToken = default) => inner.List(folder, cancellationToken);

    public override void Delete(IReadOnlyCollection<string> names, CancellationToken cancellationToken = default) => inner.Delete(names, cancellationToken);

    private sealed class Output(FullDisk disk, StorageOutput output) : StorageOutput
    {
        private readonly Limited _stream = new(disk);

        public override Stream Stream => _stream;

        public override void Complete()
        {
            output.Stream.Write(_stream.ToArray());
            output.Complete();
        }

        protected override void Dispose(bool disposing)
        {
            _stream.Dispose();
            output.Dispose();
        }
    }

    private sealed class Limited(FullDisk disk) : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (Length + buffer.Length > disk.Room)
            {
                throw new IOException("No space left on device.");
            }

            base.Write(buffer);
        }
    }
}
