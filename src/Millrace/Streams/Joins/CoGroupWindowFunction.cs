using Millrace.Windowing;

namespace Millrace.Streams.Joins;

/// <summary>Divides the records of a window by stream, and hands both sides to a function.</summary>
internal sealed class CoGroupWindowFunction<T1, T2, TKey, TWindow, TOut>(
    Action<IReadOnlyList<T1>, IReadOnlyList<T2>, Collector<TOut>> apply, StreamFunction? function) : ProcessWindowFunction<JoinRecord<T1, T2>, TOut, TKey, TWindow>
    where TKey : notnull
{
    private readonly List<T1> _first = [];
    private readonly List<T2> _second = [];

    public override void Open(RuntimeContext context) => function?.Start(context);

    public override void Process(TKey key, WindowContext<TWindow> context, IReadOnlyList<JoinRecord<T1, T2>> elements, Collector<TOut> output)
    {
        for (int i = 0; i < elements.Count; i++)
        {
            var element = elements[i];
            if (element.IsSecond)
            {
                _second.Add(element.Second!);
            }
            else
            {
                _first.Add(element.First!);
            }
        }

        try
        {
            apply(_first, _second, output);
        }
        finally
        {
            _first.Clear();
            _second.Clear();
        }
    }

    public override void Close() => function?.Close();
}
