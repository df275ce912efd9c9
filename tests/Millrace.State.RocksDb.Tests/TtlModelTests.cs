#pragma warning disable xUnit1051 // Restores are short and blocking; a token would say nothing about them.

using CsCheck;
using Millrace.Runtime.State.Keyed;
using Millrace.State.Backends;

namespace Millrace.State.RocksDb.Tests;

/// <summary>Whatever is done and however time passes: state with a time to live is what three lists of (key, value, time of the last use) say.</summary>
public sealed class TtlModelTests
{
    private const int TimeToLive = 10;

    [Theory]
    [InlineData(StateTtlUpdate.OnCreateAndWrite, true)]
    [InlineData(StateTtlUpdate.OnCreateAndWrite, false)]
    [InlineData(StateTtlUpdate.OnReadAndWrite, true)]
    [InlineData(StateTtlUpdate.OnReadAndWrite, false)]
    public void State_is_what_the_model_says(StateTtlUpdate update, bool hides) =>
        Gen.Select(Gen.Int[0, 14], Gen.Int[0, 3], Gen.Int[0, 5]).List[20, 300].Sample(
            steps =>
            {
                using var kit = new Kit(cacheBytes: 1);
                using var run = new Run(
                    kit,
                    new StateTtl(TimeSpan.FromMilliseconds(TimeToLive))
                    {
                        Update = update,
                        Visibility = hides ? StateTtlVisibility.NeverReturnExpired : StateTtlVisibility.ReturnExpiredIfNotCleanedUp,
                        Cleanup = hides ? StateTtlCleanup.Background | StateTtlCleanup.Snapshots : StateTtlCleanup.None,
                    });
                foreach (var (kind, key, more) in steps)
                {
                    run.Step(kind, key, more);
                }
            },
            iter: 30);

    private sealed class Run(Kit kit, StateTtl ttl) : IDisposable
    {
        private readonly ManualClock _clock = new();
        private readonly TestStorage _storage = new();
        private readonly List<Element> _values = [];
        private readonly List<Element> _list = [];
        private readonly List<Element> _map = [];
        private RocksDbKeyedState<int>? _rocksDb;
        private KeyedStateStore<int>? _store;
        private ValueState<int> _value = null!;
        private ListState<int> _elements = null!;
        private MapState<int, int> _entries = null!;
        private int _last;
        private int _checkpoint;

        public void Step(int kind, int key, int more)
        {
            if (_store is null)
            {
                Open(more % 2 == 0);
            }

            _store!.SetCurrentKey(key);
            switch (kind)
            {
                case 0 or 1:
                    _clock.Now += more;
                    break;
                case 2:
                    var value = Read(_values, key);
                    Assert.Equal(value.Count > 0, _value.TryGet(out int read));
                    Assert.Equal(value.Count > 0 ? value[0].Value : 0, read);
                    break;
                case 3:
                    _value.Value = Write(_values, key, 0, ++_last);
                    break;
                case 4:
                    // Expired and hidden: it begins at 0 again.
                    int before = Live(_values, key).Select(element => element.Value).SingleOrDefault();
                    _value.GetOrAdd() += ++_last;
                    Write(_values, key, 0, before + _last);
                    break;
                case 5:
                    _elements.Add(++_last);
                    _list.Add(new Element(key, 0, _last, _clock.Now));
                    break;
                case 6:
                    Assert.Equal(Read(_list, key).Select(element => element.Value), _elements.AsSpan().ToArray());
                    break;
                case 7:
                    _elements.Update([++_last, ++_last]);
                    _list.RemoveAll(element => element.Key == key);
                    _list.AddRange([new Element(key, 0, _last - 1, _clock.Now), new Element(key, 0, _last, _clock.Now)]);
                    break;
                case 8:
                    _entries[more] = Write(_map, key, more, ++_last);
                    break;
                case 9:
                    var entry = Read(_map, key, more);
                    Assert.Equal(entry.Count > 0, _entries.TryGet(more, out read));
                    Assert.Equal(entry.Count > 0 ? entry[0].Value : 0, read);
                    break;
                case 10:
                    Assert.Equal(
                        Read(_map, key).Select(element => (element.MapKey, element.Value)).Order(),
                        _entries.Entries.Select(there => (there.Key, there.Value)).Order());
                    break;
                case 11:
                    Assert.Equal(Live(_map, key, more).Any(), _entries.Remove(more));
                    _map.RemoveAll(element => element.Key == key && element.MapKey == more);
                    break;
                case 12 when more < 2:
                    (more == 0 ? (Action)_value.Clear : _elements.Clear)();
                    (more == 0 ? _values : _list).RemoveAll(element => element.Key == key);
                    break;
                case 13:
                    Move(more);
                    break;
                case 14:
                    before = Live(_map, key, more).Select(element => element.Value).SingleOrDefault();
                    _entries.GetOrAdd(more) += ++_last;
                    Write(_map, key, more, before + _last);
                    break;
            }
        }

        public void Dispose() => _store?.Dispose();

        private IEnumerable<Element> Live(List<Element> elements, int key, int? mapKey = null) => elements
            .Where(element => element.Key == key && (mapKey is null || element.MapKey == mapKey))
            .Where(element => ttl.Visibility == StateTtlVisibility.ReturnExpiredIfNotCleanedUp || _clock.Now - element.LastUse < TimeToLive);

        private List<Element> Read(List<Element> elements, int key, int? mapKey = null)
        {
            var read = Live(elements, key, mapKey).ToList();
            if (ttl.Update == StateTtlUpdate.OnReadAndWrite)
            {
                foreach (var element in read.Where(element => _clock.Now - element.LastUse < TimeToLive))
                {
                    element.LastUse = _clock.Now;
                }
            }

            return read;
        }

        private int Write(List<Element> elements, int key, int mapKey, int value)
        {
            elements.RemoveAll(element => element.Key == key && element.MapKey == mapKey);
            elements.Add(new Element(key, mapKey, value, _clock.Now));
            return value;
        }

        /// <summary>To a new backend, of the same or of the other kind.</summary>
        private void Move(int more)
        {
            var before = _store!;
            if (_rocksDb is not null && more == 0)
            {
                _rocksDb.Prefetch([1], [_rocksDb.HashOf(1)]);
                _rocksDb.Compact();
            }
            else if (_rocksDb is not null && more < 3)
            {
                var snapshot = _storage.Write(before.Freeze(++_checkpoint), _checkpoint);
                Open(rocksDb: true, store => store.RestoreNative([snapshot], _storage, CancellationToken.None));
                before.Dispose();
            }
            else
            {
                var snapshot = Kit.MemoryOf(before.Freeze(++_checkpoint));
                Open(more % 2 == 0, store => store.Restore([snapshot]));
                before.Dispose();
            }
        }

        private void Open(bool rocksDb, Action<KeyedStateStore<int>>? restore = null)
        {
            _rocksDb = rocksDb ? kit.Open<int>() : null;
            _store = new KeyedStateStore<int>(_rocksDb ?? (KeyedStateBackend<int>)Kit.Heap<int>(Kit.All), Kit.Serializers.GetHasher<int>(), Kit.Serializers, _clock);
            restore?.Invoke(_store);
            _value = _store.GetState(new ValueStateDescriptor<int>("value") { Ttl = ttl });
            _elements = _store.GetListState(new ListStateDescriptor<int>("list") { Ttl = ttl });
            _entries = _store.GetMapState(new MapStateDescriptor<int, int>("map") { Ttl = ttl });
        }

        private sealed class Element(int key, int mapKey, int value, long lastUse)
        {
            public int Key => key;

            public int MapKey => mapKey;

            public int Value => value;

            public long LastUse { get; set; } = lastUse;
        }
    }
}
