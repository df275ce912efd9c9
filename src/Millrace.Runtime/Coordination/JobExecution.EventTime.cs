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

        if (_coordinator.State == JobState.Running && ProgressOfAll() is { } progress)
        {
            Report(_stalled.Look(WithRecords(WatermarkHolders.Find(_job, progress), progress), Now, (long)_job.Options.WatermarkStallTimeout.TotalMilliseconds));
        }

        WatchEventTime();
    }

    /// <summary>How far all subtasks have come; null where one that runs elsewhere has not been heard of, since it would look like one that holds all others back.</summary>
    private IReadOnlyDictionary<SubtaskId, IReadOnlyList<OperatorProgress>>? ProgressOfAll()
    {
        if (!_host.IsDistributed)
        {
            return WatermarkHolders.ProgressOf(_subtasks);
        }

        var heard = _host.Progress;
        var all = new Dictionary<SubtaskId, IReadOnlyList<OperatorProgress>>();
        foreach (var id in _topology.Subtasks)
        {
            if (heard.TryGetValue(id, out var progress))
            {
                all[id] = progress;
            }
            else if (StateOf(id) == SubtaskState.Finished)
            {
                all[id] = [.. Enumerable.Repeat(OperatorProgress.Ended(id.Index), _job.Vertices[id.Vertex].Nodes.Count)];
            }
            else
            {
                return null;
            }
        }

        return all;
    }

    private List<(OperatorWatermark Operator, long Records)> WithRecords(IReadOnlyList<OperatorWatermark> operators, IReadOnlyDictionary<SubtaskId, IReadOnlyList<OperatorProgress>> progress)
    {
        var records = new List<(OperatorWatermark, long)>(operators.Count);
        int next = 0;
        foreach (var vertex in _job.Vertices)
        {
            var chains = Enumerable.Range(0, vertex.Parallelism).Select(index => progress.GetValueOrDefault(new SubtaskId(vertex.Index, index))).OfType<IReadOnlyList<OperatorProgress>>().ToList();
            for (int i = 0; i < vertex.Nodes.Count; i++)
            {
                bool isSource = vertex.Nodes[i].Source is not null;
                records.Add((operators[next++], chains.Where(chain => chain.Count > i).Sum(chain => isSource ? chain[i].RecordsOut : chain[i].RecordsIn)));
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
