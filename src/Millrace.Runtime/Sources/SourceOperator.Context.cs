using Microsoft.Extensions.Logging;
using Millrace.Connectors;

namespace Millrace.Runtime.Sources;

/// <content>The reader's place in the job.</content>
internal sealed partial class SourceOperator<T, TSplit, TState>
{
    private sealed class ReaderContext(SourceOperator<T, TSplit, TState> owner) : SourceReaderContext
    {
        public override int SubtaskIndex => owner.Context.SubtaskIndex;

        public override int Parallelism => owner.Context.Parallelism;

        public override string OperatorName => owner.Context.OperatorName;

        public override TimeProvider TimeProvider => owner.Context.TimeProvider;

        public override CancellationToken CancellationToken => owner.Context.CancellationToken;

        public override ILogger Logger => owner.Context.Logger;

        public override void RequestSplit() => owner.Coordinator.RequestSplit(owner.Context.SubtaskIndex);

        public override void Wake() => owner.Context.Mailbox.Post(static () => { });

        public override void WakeAfter(TimeSpan delay) =>
            owner._wakeAt = Math.Min(owner._wakeAt, owner.Now + Math.Max(1, (long)Math.Ceiling(delay.TotalMilliseconds)));

        public override void CountSkipped()
        {
            owner.Context.Metrics.AddSkipped();
            owner.Context.Metrics.AddRecordInError();
        }

        public override bool ReportMalformed(string position, string? rawInput, Exception cause)
        {
            if (!owner.Errors.OnInput(cause, position, rawInput))
            {
                return false;
            }

            owner.Context.Metrics.AddSkipped();
            return true;
        }
    }
}
