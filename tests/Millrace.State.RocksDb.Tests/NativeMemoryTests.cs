using Millrace.Serialization;
using Millrace.State.Backends;
using Millrace.State.RocksDb.Storage;
using RocksDbSharp;

namespace Millrace.State.RocksDb.Tests;

/// <summary>What is RocksDB's own is given back, also where something goes wrong.</summary>
public sealed class NativeMemoryTests
{
    [Fact]
    public void A_store_that_cannot_be_opened_gives_its_options_back()
    {
        using var memory = new SharedMemory(4 << 20, 1 << 20);
        string folder = Directory.CreateTempSubdirectory("millrace-rocksdb-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "CURRENT"), "MANIFEST-of-another-world");
            var options = new StoreOptions(memory);
            Assert.Throws<RocksDbException>(() => new Store(options, folder, () => Assert.Fail("It was never open.")));
            Assert.Equal(0, options.Handle);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_value_that_cannot_be_read_does_not_keep_the_blocks_of_others()
    {
        const int Keys = 20_000;
        using var kit = new Kit(cacheBytes: 10_000);
        using var state = kit.Open<int>();
        var serializer = new Delicate();
        var table = state.CreateTable(new StateTableDescriptor<VoidNamespace, int>(
            "n", KeyedStateKind.Value, Kit.ValueOf<int>("n").NamespaceSerializer, null, serializer));
        int[] keys = [.. Enumerable.Range(0, Keys)];
        ulong[] hashes = [.. keys.Select(key => state.HashOf(in key))];
        foreach (int key in keys)
        {
            table.GetOrAdd(in key, hashes[key], default, out _) = key;
        }

        // Into files, whose blocks are pinned by whoever reads from them.
        new TestStorage().Write(state.Freeze(1), 1);
        table.Prefetch(keys.AsSpan(0, 256), hashes.AsSpan(0, 256), default);
        long before = kit.Memory.PinnedUsage;
        serializer.IsBroken = true;
        Assert.Throws<InvalidDataException>(() => table.Prefetch(keys.AsSpan(Keys / 2, 256), hashes.AsSpan(Keys / 2, 256), default));
        Assert.Equal(before, kit.Memory.PinnedUsage);
    }

    private sealed class Delicate : TypeSerializer<int>
    {
        private readonly TypeSerializer<int> _inner = Kit.Serializers.Get<int>();

        public bool IsBroken { get; set; }

        public override TypeSchema Schema => _inner.Schema;

        public override bool IsImmutable => true;

        public override void Write(ref BinaryOutput output, in int value) => _inner.Write(ref output, in value);

        public override int Read(ref BinaryInput input) => IsBroken ? throw new InvalidDataException("broken") : _inner.Read(ref input);

        public override int Copy(int value) => value;

        public override TypeSerializer<int> ForReading(TypeSchema written) => this;
    }
}
