#pragma warning disable xUnit1051 // Restores are short and blocking; a token would say nothing about them.

using System.Runtime.CompilerServices;
using CsCheck;
using Millrace.State.Backends;

namespace Millrace.State.RocksDb.Tests;

/// <summary>Whatever is done, in whatever order and however small the cache: the state is what a dictionary says.</summary>
public sealed class ModelTests
{
    private const int Keys = 300;

    [Fact]
    public void State_is_what_a_dictionary_says() =>
        Gen.Select(Gen.Int[0, 3], Gen.Select(Gen.Int[0, 30], Gen.Int[0, Keys - 1], Gen.Int[0, 3]).List[50, 1500])
            .Sample(
                (size, steps) =>
                {
                    using var kit = new Kit(new[] { 1L, 4_000, 20_000, 1 << 20 }[size]);
                    using var run = new ModelRun(kit);
                    foreach (var (kind, key, more) in steps)
                    {
                        run.Step(kind, key, more);
                    }

                    run.CompareAll();
                },
                iter: 25);

    /// <summary>A backend with two states beside their models, and its checkpoints.</summary>
    private sealed class ModelRun(Kit kit) : IDisposable
    {
        private readonly TestStorage _storage = new();
        private Backend _backend = new(kit.Open<int>());
        private Model _model = new();
        private FrozenKeyedState? _frozen;
        private Model? _frozenModel;
        private long _checkpoint;
        private (IReadOnlyList<NativeSnapshot> Native, IReadOnlyList<KeyedStateReader> Canonical, Model Model) _completed = ([], [], new Model());
        private int _value;

        public void Step(int kind, int key, int more)
        {
            switch (kind)
            {
                case < 8:
                    Put(key, more);
                    break;
                case < 11:
                    Change(key, more);
                    break;
                case < 14:
                    Compare(key, more);
                    break;
                case < 18:
                    Remove(key, more);
                    break;
                case < 20:
                    Prefetch(key);
                    break;
                case 20 when more == 0:
                    CompareAll();
                    break;
                case 21 when more == 0:
                    _backend.Counts.Clear();
                    _model.Counts.Clear();
                    break;
                case < 24:
                    Freeze();
                    break;
                case < 26:
                    WriteNative(completes: more > 0);
                    break;
                case 26:
                    WriteCanonical();
                    break;
                case 27 when more == 0:
                    _frozen?.Dispose();
                    _frozen = null;
                    break;
                case 28 when more < 2:
                    Crash();
                    break;
                case 29 when more == 0:
                    Rescale();
                    break;
            }
        }

        public void CompareAll()
        {
            _backend.MustBe(_model);
        }

        public void Dispose()
        {
            _frozen?.Dispose();
            _backend.State.Dispose();
            Assert.Equal(0, kit.Budget.Used);
        }

        private void Put(int key, int more)
        {
            _value++;
            ulong hash = _backend.State.HashOf(in key);
            _backend.Counts.GetOrAdd(in key, hash, default, out bool existed) = _value;
            Assert.Equal(_model.Counts.ContainsKey(key), existed);
            _model.Counts[key] = _value;
            ref string text = ref _backend.Texts.GetOrAdd(in key, hash, more, out existed);
            Assert.Equal(_model.Texts.ContainsKey((key, more)), existed);
            Assert.Equal(existed ? _model.Texts[(key, more)] : null, text);
            text += (char)('a' + (_value % 26));
            _model.Texts[(key, more)] = text;
        }

        private void Change(int key, int more)
        {
            ulong hash = _backend.State.HashOf(in key);
            ref long count = ref _backend.Counts.Find(in key, hash, default);
            Assert.Equal(_model.Counts.ContainsKey(key), !Unsafe.IsNullRef(ref count));
            if (!Unsafe.IsNullRef(ref count))
            {
                Assert.Equal(_model.Counts[key], count);
                _model.Counts[key] = ++count;
            }

            ref string text = ref _backend.Texts.Find(in key, hash, more);
            Assert.Equal(_model.Texts.ContainsKey((key, more)), !Unsafe.IsNullRef(ref text));
            if (!Unsafe.IsNullRef(ref text))
            {
                text += "+";
                _model.Texts[(key, more)] = text;
            }
        }

        private void Compare(int key, int more)
        {
            ulong hash = _backend.State.HashOf(in key);
            ref readonly long count = ref _backend.Counts.Peek(in key, hash, default);
            Assert.Equal(_model.Counts.TryGetValue(key, out long expected), !Unsafe.IsNullRef(in count));
            Assert.Equal(expected, Unsafe.IsNullRef(in count) ? 0 : count);
            ref readonly string text = ref _backend.Texts.Peek(in key, hash, more);
            Assert.Equal(_model.Texts.GetValueOrDefault((key, more)), Unsafe.IsNullRef(in text) ? null : text);
        }

        private void Remove(int key, int more)
        {
            ulong hash = _backend.State.HashOf(in key);
            Assert.Equal(_model.Counts.Remove(key), _backend.Counts.Remove(in key, hash, default));
            Assert.Equal(_model.Texts.Remove((key, more)), _backend.Texts.Remove(in key, hash, more));
        }

        private void Prefetch(int key)
        {
            int[] keys = [.. Enumerable.Range(key, 40).Select(one => one % Keys), key];
            ulong[] hashes = [.. keys.Select(one => _backend.State.HashOf(in one))];
            _backend.State.Prefetch(keys, hashes);
            _backend.Texts.Prefetch(keys, hashes, 1);
        }

        private void Freeze()
        {
            _frozen?.Dispose();
            _frozen = _backend.State.Freeze(++_checkpoint);
            _frozenModel = _model.Copy();
        }

        private void WriteNative(bool completes)
        {
            if (_frozen is null)
            {
                return;
            }

            var snapshot = _storage.Write(_frozen, _checkpoint);
            _frozen = null;
            if (completes)
            {
                _backend.State.CheckpointCompleted(_checkpoint);
                _completed = ([snapshot], [], _frozenModel!);
                _storage.Retain(snapshot);
            }
            else
            {
                _backend.State.CheckpointAborted(_checkpoint);
                _storage.Retain(_completed.Native);
            }
        }

        private void WriteCanonical()
        {
            if (_frozen is not null)
            {
                _completed = ([], [Runtime.State.Snapshots.MemoryKeyedState.Of(_frozen, Kit.MaxParallelism)], _frozenModel!);
                _frozen = null;
            }
        }

        private void Crash()
        {
            _frozen?.Dispose();
            _frozen = null;
            _backend.State.Dispose();
            _backend = Restored(Kit.All);
            _model = _completed.Model.Copy();
        }

        // Three subtasks instead of one, and back.
        private void Rescale()
        {
            _frozen?.Dispose();
            _frozen = null;
            _backend.State.Dispose();
            _model = _completed.Model.Copy();
            List<NativeSnapshot> native = [];
            List<KeyedStateReader> canonical = [];
            long count = 0;
            foreach (var range in new[] { new KeyGroupRange(0, 2), new KeyGroupRange(2, 5), new KeyGroupRange(7, 1) })
            {
                var part = Restored(range);
                count += part.Counts.Count;
                if (range.Start == 2 || _completed.Native.Count > 0)
                {
                    native.Add(_storage.Write(part.State.Freeze(_checkpoint + 1), _checkpoint + 1));
                }

                canonical.Add(Kit.CanonicalOf(part.State, _checkpoint + 2));
                part.State.Dispose();
            }

            Assert.Equal(_model.Counts.Count, count);
            _completed = _completed.Native.Count > 0 ? (native, [], _completed.Model) : ([], canonical, _completed.Model);
            _storage.Retain(_completed.Native);
            _checkpoint += 2;
            _backend = Restored(Kit.All);
            CompareAll();
        }

        private Backend Restored(KeyGroupRange range)
        {
            var state = kit.Open<int>(range);
            if (_completed.Native.Count > 0)
            {
                state.RestoreNative(_completed.Native, _storage);
            }
            else
            {
                state.Restore(_completed.Canonical);
            }

            return new Backend(state);
        }
    }

    private sealed class Backend(RocksDbKeyedState<int> state)
    {
        public RocksDbKeyedState<int> State { get; } = state;

        public KeyedStateTable<int, VoidNamespace, long> Counts { get; } = state.CreateTable(Kit.ValueOf<long>("counts"));

        public KeyedStateTable<int, long, string> Texts { get; } = state.CreateTable(Kit.ValueOf<long, string>("texts"));

        public void MustBe(Model model)
        {
            Assert.Equal(model.Counts.Count, Counts.Count);
            Assert.Equal(model.Texts.Count, Texts.Count);
            Assert.Equal(model.Counts.Count + model.Texts.Count, State.EntryCount);
            var counts = new Dictionary<int, long>();
            TableCursor cursor = default;
            while (Counts.MoveNext(ref cursor))
            {
                ref readonly int key = ref Counts.KeyAt(in cursor);
                Assert.Equal(Counts.PeekAt(in cursor), Counts.ValueAt(in cursor));
                Counts.ValueAt(in cursor) += 1000;
                counts.Add(key, Counts.PeekAt(in cursor) - 1000);
            }

            Assert.False(Counts.MoveNext(ref cursor));
            Assert.Equal(model.Counts.OrderBy(entry => entry.Key), counts.OrderBy(entry => entry.Key));
            foreach (int key in model.Counts.Keys.ToList())
            {
                model.Counts[key] += 1000;
            }

            var texts = new Dictionary<(int, long), string>();
            cursor = default;
            while (Texts.MoveNext(ref cursor))
            {
                texts.Add((Texts.KeyAt(in cursor), Texts.NamespaceAt(in cursor)), Texts.PeekAt(in cursor));
            }

            Assert.Equal(model.Texts.OrderBy(entry => entry.Key), texts.OrderBy(entry => entry.Key));
        }
    }

    private sealed class Model
    {
        public Dictionary<int, long> Counts { get; private init; } = [];

        public Dictionary<(int Key, long Namespace), string> Texts { get; private init; } = [];

        public Model Copy() => new() { Counts = new(Counts), Texts = new(Texts) };
    }
}
