namespace Millrace.Metrics;

/// <summary>How much there is of something now, in one subtask. Setting it costs no lock and no allocation.</summary>
/// <remarks>Safe for use by several threads. Before it is first set there is no measurement.</remarks>
public sealed class Gauge : Metric
{
    private readonly Lock _lock = new();
    private Func<double>? _read;
    private readonly Action<Exception>? _failed;
    private double _value = double.NaN;

    internal Gauge(MetricId id, Func<double>? read = null, Action<Exception>? failed = null)
        : base(id) => (_read, _failed) = (read, failed);

    /// <summary>What it stands at; <see cref="double.NaN"/> where that is not known.</summary>
    public double Value
    {
        get
        {
            if (Volatile.Read(ref _read) is null)
            {
                return Volatile.Read(ref _value);
            }

            lock (_lock)
            {
                return _read is { } read ? Ask(read) : _value;
            }
        }
    }

    internal override MetricKind Kind => MetricKind.Gauge;

    /// <summary>How much there is from now on.</summary>
    /// <param name="value">How much; <see cref="double.NaN"/> for no measurement.</param>
    public void Set(double value) => Volatile.Write(ref _value, value);

    internal override MetricValue Read() => Value is var value && double.IsNaN(value) ? default : MetricValue.Of(value);

    internal override void Freeze()
    {
        // Who is just being asked is waited for: the function may dispose of what the answer is made of.
        lock (_lock)
        {
            if (_read is { } read)
            {
                Set(Ask(read));
                Volatile.Write(ref _read, null);
            }
        }
    }

    // Whoever listens to all metrics of the process must not lose the others to one that throws.
    private double Ask(Func<double> read)
    {
        try
        {
            return read();
        }
        catch (Exception error)
        {
            _failed?.Invoke(error);
            return double.NaN;
        }
    }
}
