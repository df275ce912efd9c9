using System.Globalization;

namespace Millrace.Connectors;

/// <summary>Says in which bucket of a <see cref="FileSink{T}"/> a record belongs: a folder within the sink's folder.</summary>
/// <remarks>Shared by all subtasks of the sink: it must be safe for use by several threads at once.</remarks>
/// <typeparam name="T">The type of the records.</typeparam>
public abstract class BucketAssigner<T>
{
    /// <summary>Names the bucket of a record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="timestamp">Its timestamp in milliseconds since 1970-01-01 UTC; <see cref="EventTime.None"/> where it has none.</param>
    /// <param name="now">The time on the job's clock.</param>
    /// <returns>
    /// A folder relative to the sink's, its parts divided by <c>/</c>; empty for the sink's folder itself. No part may begin with <c>.</c> or <c>_</c>. Give the same string object for the same
    /// bucket where you can: it is compared for every record.
    /// </returns>
    public abstract string BucketOf(T record, long timestamp, DateTimeOffset now);
}

/// <summary>Makes <see cref="BucketAssigner{T}"/>s.</summary>
public static class BucketAssigner
{
    private const string Hourly = "yyyy-MM-dd--HH";

    /// <summary>By the record's event time, in UTC. A record that is read again after a failure is in the same bucket as the first time.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="format">The bucket's name, as a format of a time that has nothing finer than minutes; <c>/</c> makes folders in folders.</param>
    /// <returns>The assigner. A record without a timestamp is error MR7103 while the job runs.</returns>
    /// <exception cref="FormatException"><paramref name="format"/> is no format of a time.</exception>
    public static BucketAssigner<T> ByEventTime<T>([System.Diagnostics.CodeAnalysis.StringSyntax("DateTimeFormat")] string format = Hourly) => new ByTime<T>(format, usesEventTime: true);

    /// <summary>By the time at which a record is written, in UTC.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="format">The bucket's name, as a format of a time that has nothing finer than minutes; <c>/</c> makes folders in folders.</param>
    /// <returns>The assigner.</returns>
    /// <exception cref="FormatException"><paramref name="format"/> is no format of a time.</exception>
    public static BucketAssigner<T> ByProcessingTime<T>([System.Diagnostics.CodeAnalysis.StringSyntax("DateTimeFormat")] string format = Hourly) => new ByTime<T>(format, usesEventTime: false);

    /// <summary>By the record itself.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="bucketOf">Names the bucket of a record, as <see cref="BucketAssigner{T}.BucketOf"/> does.</param>
    /// <returns>The assigner.</returns>
    /// <example><code>Buckets = BucketAssigner.By&lt;Flight&gt;(flight =&gt; $"origin={flight.Origin}")</code></example>
    public static BucketAssigner<T> By<T>(Func<T, string> bucketOf)
    {
        ArgumentNullException.ThrowIfNull(bucketOf);
        return new ByRecord<T>(bucketOf);
    }

    private sealed class ByRecord<T>(Func<T, string> bucketOf) : BucketAssigner<T>
    {
        public override string BucketOf(T record, long timestamp, DateTimeOffset now) => bucketOf(record);
    }

    private sealed class ByTime<T> : BucketAssigner<T>
    {
        private const long Minute = 60_000;
        private readonly string _format;
        private readonly bool _usesEventTime;

        // Records of one minute come together, mostly. Replaced as a whole, so that no thread sees half of it.
        private Bucket _last = new(long.MinValue, "");

        public ByTime(string format, bool usesEventTime)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(format);
            _format = format;
            _usesEventTime = usesEventTime;
            _ = Name(0);
        }

        public override string BucketOf(T record, long timestamp, DateTimeOffset now)
        {
            if (_usesEventTime && timestamp == EventTime.None)
            {
                throw new ConnectorException(
                    FileErrors.Options,
                    $"A {typeof(T).Name} has no timestamp, by which its bucket is to be named. Assign timestamps before the sink (a WatermarkStrategy with a timestamp assigner), or take "
                    + $"{nameof(BucketAssigner)}.{nameof(ByProcessingTime)} or {nameof(By)}.");
            }

            long minute = Math.DivRem(_usesEventTime ? timestamp : now.ToUnixTimeMilliseconds(), Minute, out long within) - (within < 0 ? 1 : 0);
            var last = Volatile.Read(ref _last);
            if (last.Minute != minute)
            {
                string name = Name(minute);
                last = new Bucket(minute, name == last.Name ? last.Name : name);
                Volatile.Write(ref _last, last);
            }

            return last.Name;
        }

        private string Name(long minute) => DateTimeOffset.FromUnixTimeMilliseconds(minute * Minute).ToString(_format, CultureInfo.InvariantCulture);

        private sealed record Bucket(long Minute, string Name);
    }
}
