using Millrace.Runtime.Diagnostics;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Time;

namespace Millrace.Runtime.Coordination;

/// <content>Event time that stands still: noticed, and explained in the log.</content>
internal sealed partial class JobExecution
{
    // How often is looked within the time that event time may stand still.
    private const int LooksPerTimeout = 4;

    private readonly StalledWatermarks _stalled = new();
    private ITimer? _stallTimer;

    private void WatchEventTime()
    {
        if (_job.Options.WatermarkStallTimeout > TimeSpan.Zero && _end is null)
        {
            _stallTimer?.Dispose();
            _stallTimer = StartTimer(_job.Options.WatermarkStallTimeout / LooksPerTimeout, LookAtEventTime);
        }
    }

    private void LookAtEventTime()
    {
        if (_end is not null)
        {
            return;
        }

        // Where subtasks are elsewhere nothing is known of their watermarks here.
        if (_coordinator.State == JobState.Running && !_host.IsDistributed)
        {
            Report(_stalled.Look(WithRecords(WatermarkHolders.Find(_job, _subtasks)), Now, (long)_job.Options.WatermarkStallTimeout.TotalMilliseconds));
        }

        WatchEventTime();
    }

    private List<(OperatorWatermark Operator, long Records)> WithRecords(IReadOnlyList<OperatorWatermark> operators)
    {
        var records = new List<(OperatorWatermark, long)>(operators.Count);
        int next = 0;
        foreach (var vertex in _job.Vertices)
        {
            var chains = Enumerable.Range(0, vertex.Parallelism).Select(index => _subtasks.GetValueOrDefault(new SubtaskId(vertex.Index, index))).OfType<Subtask>().Select(subtask => subtask.Operators).ToList();
            for (int i = 0; i < vertex.Nodes.Count; i++)
            {
                bool isSource = vertex.Nodes[i].Source is not null;
                records.Add((operators[next++], chains.Where(chain => chain.Count > i).Sum(chain => isSource ? chain[i].Context.Metrics.RecordsOut : chain[i].Context.Metrics.RecordsIn)));
            }
        }

        return records;
    }

    private void Report(IReadOnlyList<StalledWatermarks.Stall> stalls)
    {
        foreach (var stall in stalls)
        {
            Log.EventTimeStandsStill(
                _logger,
                _job.Stream.JobName,
                stall.Watermark == EventTime.MinWatermark ? "its beginning" : EventTime.Format(stall.Watermark),
                TimeSpan.FromMilliseconds(stall.Duration),
                string.Join(", ", stall.Operators.Select(name => $"'{name}'")),
                stall.Records,
                stall.Holder.ToString());
        }
    }
}
