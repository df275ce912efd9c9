using CsCheck;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Tasks;
using Millrace.Testing.Simulation;

namespace Millrace.Runtime.Tests.Exchange;

/// <summary>Channels, input and barriers together, on random schedules, against a model: a snapshot is what was sent before the barrier, whatever overtakes what.</summary>
public sealed class ChannelBarrierModelTests
{
    [Theory]
    [InlineData((int)BarrierAlignment.Aligned)]
    [InlineData((int)BarrierAlignment.Unaligned)]
    [InlineData((int)BarrierAlignment.AlignedWithTimeout)]
    public void What_is_processed_and_what_is_recorded_together_is_what_was_sent_before_the_barrier(int alignment) =>
        Gen.Int[0, int.MaxValue].Sample(seed => new Run(seed, (BarrierAlignment)alignment).Check(), iter: 3_000);

    private sealed class Run : IReceiver<int>
    {
        private const int Checkpoints = 3;
        private readonly Random _random;
        private readonly BarrierAlignment _alignment;
        private readonly int _count;
        private readonly LocalChannel<int>[] _channels;
        private readonly List<int>[] _sent;
        private readonly List<int>[] _processed;
        private readonly long[] _barriers;
        private readonly Dictionary<(long Checkpoint, int Channel), int[]> _before = [];
        private readonly BarrierHandler _handler = new();
        private readonly Mailbox _mailbox;
        private readonly ChannelInput<int> _input;
        private readonly HashSet<long> _aborted = [];
        private readonly List<(long Checkpoint, int[][] Processed, IReadOnlyList<ChannelRecording> Recordings)> _open = [];
        private int _next;
        private long _now;
        private int _taken;

        public Run(int seed, BarrierAlignment alignment)
        {
            _random = new Random(seed);
            _alignment = alignment;
            _count = _random.Next(1, 4);
            var scheduler = new SimulatedScheduler((ulong)seed);
            var consumer = new TestActor(scheduler, static _ => RunResult.Wait);
            _mailbox = new Mailbox(consumer);
            _channels = [.. Enumerable.Range(0, _count).Select(_ => new LocalChannel<int>(1024, new TestActor(scheduler, static _ => RunResult.Wait), consumer, _mailbox))];
            _sent = [.. Enumerable.Range(0, _count).Select(_ => new List<int>())];
            _processed = [.. Enumerable.Range(0, _count).Select(_ => new List<int>())];
            _barriers = new long[_count];
            _handler.GivenUp = barrier => _open.RemoveAll(open => open.Checkpoint == barrier.CheckpointId);
            var serializer = new SerializerProvider(new SerializerRegistry()).Get<int>();
            var sources = Enumerable.Range(0, _count).Select(channel => new ChannelSource("edge", channel, IsAlwaysAligned: false)).ToList();
            _input = new ChannelInput<int>(this, [.. _channels], new TaskPressure(), 4, new ChannelBarriers<int>(_handler, serializer, sources, 0, () => _now));
        }

        public void Check()
        {
            for (int step = 0; step < 150; step++)
            {
                _now += _random.Next(3);
                Act(_random.Next(_count));
            }

            for (int channel = 0; channel < _count; channel++)
            {
                while (_barriers[channel] < Checkpoints)
                {
                    SendBarrier(channel);
                }

                _channels[channel].TrySend(new StreamElement<int>(ControlElement.EndOfInput));
                _channels[channel].TrySend(new StreamElement<int>(ControlElement.Closed));
            }

            // Some of it only moves on with time.
            for (int idle = 0; idle < 3; idle++)
            {
                while (Consume())
                {
                    idle = 0;
                }

                _now += 1_000;
            }

            Verify();
            Assert.Null(_handler.Current);
            Assert.True(_input.IsClosed);
            Assert.Empty(_open);
            Assert.Equal(_sent.Select(records => records.ToArray()), _processed.Select(records => records.ToArray()));
            Assert.True(_taken >= 1 || _aborted.Count > 0, "No snapshot was taken.");
        }

        public void Receive(RecordBatch<int> batch)
        {
            foreach (int record in batch.Records)
            {
                _processed[record % _count].Add(record);
            }

            BatchPool<int>.Return(batch);
        }

        public void Control(in ControlElement element)
        {
        }

        private void Act(int channel)
        {
            switch (_random.Next(10))
            {
                case 0 when _barriers[channel] < Checkpoints:
                    SendBarrier(channel);
                    break;
                case 1 when _random.Next(8) == 0 && _handler.Current is { } current:
                    _aborted.Add(current.CheckpointId);
                    _open.RemoveAll(open => open.Checkpoint == current.CheckpointId);
                    _handler.Abort(current.CheckpointId);
                    break;
                case < 6:
                    var batch = BatchPool<int>.Rent(4);
                    for (int i = _random.Next(1, 4); i > 0; i--)
                    {
                        int record = (_next++ * _count) + channel;
                        _sent[channel].Add(record);
                        batch.Add(record, 0);
                    }

                    Assert.True(_channels[channel].TrySend(new StreamElement<int>(batch)));
                    break;
                default:
                    Consume();
                    break;
            }
        }

        private void SendBarrier(int channel)
        {
            long id = ++_barriers[channel];
            _before[(id, channel)] = [.. _sent[channel]];
            var barrier = new CheckpointBarrier(id, 0, Alignment: _alignment, OvertakeAfter: _alignment == BarrierAlignment.AlignedWithTimeout ? 40 * id : long.MaxValue);
            if (_alignment != BarrierAlignment.Unaligned)
            {
                _channels[channel].TrySend(new StreamElement<int>(ControlElement.Barrier(barrier)));
            }

            if (_alignment != BarrierAlignment.Aligned)
            {
                _channels[channel].Announce(barrier);
            }
        }

        private bool Consume()
        {
            if (_random.Next(3) > 0)
            {
                _mailbox.Drain();
            }

            TakeIfDue();
            bool progress = _input.Poll() != InputStatus.Empty;
            _mailbox.Drain();
            progress |= TakeIfDue();
            Verify();
            return progress;
        }

        private bool TakeIfDue()
        {
            if (!_handler.IsDue(_now))
            {
                return false;
            }

            long id = _handler.Current!.CheckpointId;
            _taken++;
            int[][] processed = [.. _processed.Select(records => records.ToArray())];
            _open.Add((id, processed, _handler.Taken()));
            return true;
        }

        private void Verify()
        {
            foreach (var (id, processed, recordings) in _open.Where(open => !_handler.IsRecording || _handler.Current!.CheckpointId != open.Checkpoint).ToList())
            {
                _open.RemoveAll(open => open.Checkpoint == id);
                if (Enumerable.Range(0, _count).Any(channel => !_before.ContainsKey((id, channel))))
                {
                    continue;
                }

                for (int channel = 0; channel < _count; channel++)
                {
                    int[] recorded = [.. recordings.Where(recording => recording.Producer == channel).SelectMany(Read)];
                    Assert.Equal(_before[(id, channel)], processed[channel].Concat(recorded));
                }
            }
        }

        private static IEnumerable<int> Read(ChannelRecording recording)
        {
            var stream = new MemoryStream();
            recording.Write(stream);
            var elements = ChannelRecording<int>.Read(stream.ToArray(), recording.Count, new SerializerProvider(new SerializerRegistry()).Get<int>());
            return elements.Where(element => element.Batch is not null).SelectMany(element => element.Batch!.Records.ToArray());
        }
    }
}
