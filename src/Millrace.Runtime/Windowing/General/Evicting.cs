using Millrace.Runtime.State.Keyed;
using Millrace.State.Backends;
using Millrace.Windowing;

namespace Millrace.Runtime.Windowing.General;

/// <summary>Contents are all the records with their timestamps: what an evictor looks at.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class TimestampedListAggregation<T> : WindowAggregation<T, StateList<TimestampedValue<T>>>
{
    private readonly ListMemory<TimestampedValue<T>> _memory = new();

    public override bool IsCombinable => false;

    public override KeyedStateTable<TKey, TNamespace, StateList<TimestampedValue<T>>> CreateTable<TKey, TNamespace>(KeyedStateStore<TKey> state, string name, bool hasFewNamespaces = false) =>
        state.ListTable<TNamespace, TimestampedValue<T>>(name, hasFewNamespaces);

    public override void Start(ref StateList<TimestampedValue<T>> content, T value) => Start(ref content, value, EventTime.None);

    public override void Add(ref StateList<TimestampedValue<T>> content, T value) => Add(ref content, value, EventTime.None);

    public override void Start(ref StateList<TimestampedValue<T>> content, T value, long timestamp)
    {
        content = default;
        _memory.Add(ref content, new TimestampedValue<T>(value, timestamp));
    }

    public override void Add(ref StateList<TimestampedValue<T>> content, T value, long timestamp) => _memory.Add(ref content, new TimestampedValue<T>(value, timestamp));

    public override StateList<TimestampedValue<T>> Copy(in StateList<TimestampedValue<T>> source)
    {
        var copy = new StateList<TimestampedValue<T>>(source.Count);
        copy.AddRange(source.AsSpan());
        return copy;
    }

    public override void Merge(ref StateList<TimestampedValue<T>> target, in StateList<TimestampedValue<T>> later) => _memory.AddRange(ref target, later.AsSpan());

    public override void Remove<TKey, TNamespace>(KeyedStateTable<TKey, TNamespace, StateList<TimestampedValue<T>>> table, in TKey key, ulong hash, in TNamespace ns) =>
        _memory.Remove(table, in key, hash, in ns);
}

/// <summary>Evicts, and computes the result afresh from the records that are left.</summary>
/// <param name="evictor">Removes records.</param>
/// <param name="aggregation">Makes of the records what the emitter takes.</param>
/// <param name="emitter">Makes the results.</param>
internal sealed class EvictingEmitter<TKey, TWindow, TIn, TContent, TOut>(
    Evictor<TIn, TWindow> evictor, WindowAggregation<TIn, TContent> aggregation, WindowEmitter<TKey, TWindow, TContent, TOut> emitter)
    : WindowEmitter<TKey, TWindow, StateList<TimestampedValue<TIn>>, TOut>
    where TKey : notnull
    where TWindow : struct, IWindow<TWindow>
{
    private readonly List<TimestampedValue<TIn>> _elements = [];
    private readonly EvictorContextOf _context = new();
    private bool _hasEvicted;

    public override bool HasEvicted => _hasEvicted;

    public override void Emit(TKey key, WindowContext<TWindow> context, in StateList<TimestampedValue<TIn>> content, Collector<TOut> output)
    {
        _elements.Clear();
        _elements.AddRange(content.AsSpan());
        int before = _elements.Count;
        _context.Window = context;
        evictor.EvictBefore(_elements, context.Window, _context);
        if (_elements.Count > 0)
        {
            var result = default(TContent)!;
            aggregation.Start(ref result, _elements[0].Value);
            for (int i = 1; i < _elements.Count; i++)
            {
                aggregation.Add(ref result, _elements[i].Value);
            }

            emitter.Emit(key, context, in result, output);
            evictor.EvictAfter(_elements, context.Window, _context);
        }

        _hasEvicted = _elements.Count != before;
    }

    public override bool WriteBack(ref StateList<TimestampedValue<TIn>> content)
    {
        content.Replace(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_elements));
        return _elements.Count > 0;
    }

    public override void Clear(TKey key, WindowContext<TWindow> context) => emitter.Clear(key, context);

    private sealed class EvictorContextOf : EvictorContext
    {
        public WindowContext<TWindow> Window { get; set; } = null!;

        public override long CurrentWatermark => Window.CurrentWatermark;

        public override long CurrentProcessingTime => Window.CurrentProcessingTime;
    }
}
