using System.Globalization;
using Millrace.Connectors;

namespace Millrace.Testing;

/// <summary>The life of one job, as a seed wants it.</summary>
internal sealed class ExactlyOnceLife<T, TCommittable>(SinkUnderTest<T> sink, Func<int, T> record, SinkConformanceOptions options, int seed)
    where T : notnull
{
    private readonly Random _random = new(seed);

    // What the last completed checkpoint has: how many records, which committables, and the state of the writers.
    private int _durable;
    private long? _completed;
    private IReadOnlyList<TCommittable> _prepared = [];
    private IReadOnlyList<SinkRigState> _state = [];
    private long _epoch;

    public async Task PlayAsync(CancellationToken cancellationToken)
    {
        for (int attempts = _random.Next(1, 7); attempts > 0; attempts--)
        {
            await AttemptAsync(isLast: false, cancellationToken).ConfigureAwait(false);
        }

        await AttemptAsync(isLast: true, cancellationToken).ConfigureAwait(false);
        SinkConformance.MustBe(Enumerable.Range(0, _durable).Select(record), sink.ReadVisible(), all: true, Where("at the end"));
    }

    private async Task AttemptAsync(bool isLast, CancellationToken cancellationToken)
    {
        _epoch++;
        int parallelism = _random.Next(1, options.MaxParallelism + 1);
        var made = (CommittingSink<T, TCommittable>)sink.CreateSink();
        var states = Enumerable.Range(0, parallelism).Select(subtask => new SinkRigState(subtask, parallelism, _state)).ToList();
        var contexts = Enumerable.Range(0, parallelism)
            .Select(subtask => SinkConformance.Context(subtask, parallelism, _epoch, _completed, options) with { State = states[subtask] }).ToList();
        var writers = new List<CommittingSinkWriter<T, TCommittable>>();
        for (int subtask = 0; subtask < parallelism; subtask++)
        {
            // A subtask commits its share, not what it wrote itself, before its writer is made; others may still be committing then.
            await CommitAsync(made, contexts[subtask], [.. _prepared.Where((_, index) => index % parallelism == subtask)], cancellationToken).ConfigureAwait(false);
            writers.Add(made.CreateWriter(contexts[subtask]));
        }

        SinkConformance.MustBe(Enumerable.Range(0, _durable).Select(record), sink.ReadVisible(), all: !options.MayHoldBack, Where("when the attempt has committed what the checkpoint has"));
        long id = _completed ?? 0;
        for (int checkpoints = isLast ? 1 : _random.Next(1, 4); checkpoints > 0; checkpoints--)
        {
            id++;
            int[] numbers = [.. Enumerable.Range(_durable, _random.Next(0, 20 * parallelism))];
            var prepared = new List<TCommittable>();
            for (int subtask = 0; subtask < parallelism; subtask++)
            {
                await SinkConformance.WriteAsync(writers[subtask], numbers.Where(number => number % parallelism == subtask), record, _random, cancellationToken).ConfigureAwait(false);
                await writers[subtask].FlushAsync(isLast, cancellationToken).ConfigureAwait(false);
                var committables = await writers[subtask].PrepareCommitAsync(id, isLast, cancellationToken).ConfigureAwait(false);
                prepared.AddRange(committables.Select(committable => SinkConformance.Again(committable, made.CommittableSerializer)));
                writers[subtask].SnapshotState(id);
            }

            SinkConformance.MustBe(Enumerable.Range(0, _durable).Select(record), sink.ReadVisible(), all: false, Where("when the next checkpoint is prepared, and not complete"));
            if (!isLast && _random.Next(3) == 0)
            {
                // It never becomes complete: the attempt is over.
                break;
            }

            _completed = id;
            _durable += numbers.Length;
            _prepared = prepared;
            _state = [.. states.Select(state => state.Copy())];

            // As often as never: the process ends before. Where there is another checkpoint in this attempt, this one must be committed first.
            bool commits = isLast || checkpoints > 1 || _random.Next(3) > 0;
            if (commits)
            {
                await CommitAsync(made, contexts[0], prepared, cancellationToken).ConfigureAwait(false);
                SinkConformance.MustBe(Enumerable.Range(0, _durable).Select(record), sink.ReadVisible(), all: !options.MayHoldBack, Where("when the checkpoint is committed"));
            }
        }

        for (int subtask = 0; subtask < parallelism; subtask++)
        {
            if (!isLast)
            {
                await SinkConformance.WriteAsync(writers[subtask], Enumerable.Range(1_000_000 + (subtask * 1000), _random.Next(0, 5)), record, _random, cancellationToken).ConfigureAwait(false);
            }

            // A failure of the job closes writers; the end of the process does not.
            if (isLast || _random.Next(2) == 0)
            {
                await writers[subtask].CloseAsync().ConfigureAwait(false);
            }
        }

        SinkConformance.MustBe(Enumerable.Range(0, _durable).Select(record), sink.ReadVisible(), all: false, Where("when the attempt is over"));
    }

    private async ValueTask CommitAsync(CommittingSink<T, TCommittable> made, SinkWriterContext context, IReadOnlyList<TCommittable> committables, CancellationToken cancellationToken)
    {
        var committer = made.CreateCommitter(context);
        if (committables.Count > 0)
        {
            // The first time only a part, as if the process had ended in between, or all of it and again.
            await committer.CommitAsync([.. committables.Take(_random.Next(0, committables.Count + 1))], cancellationToken).ConfigureAwait(false);
            await committer.CommitAsync(committables, cancellationToken).ConfigureAwait(false);
        }

        await committer.CloseAsync().ConfigureAwait(false);
    }

    private string Where(string when) => string.Create(CultureInfo.InvariantCulture, $"Seed {seed}, attempt {_epoch}, {when}");
}
