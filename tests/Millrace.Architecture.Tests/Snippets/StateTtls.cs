using Millrace.State;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/concepts/state-ttl.md.</summary>
internal static class StateTtls
{
    public sealed record Visit(string Visitor, string Page);

    public sealed class FirstVisits : KeyedProcessFunction<string, Visit, Visit>
    {
        private static readonly ValueStateDescriptor<bool> Seen = new("seen") { Ttl = new StateTtl(TimeSpan.FromHours(24)) };

        private ValueState<bool> _seen = null!;

        public override void Open(RuntimeContext context) => _seen = context.GetState(Seen);

        public override void ProcessElement(Visit visit, KeyedProcessContext<string> context, Collector<Visit> output)
        {
            if (!_seen.Exists)
            {
                _seen.Value = true;
                output.Collect(visit);
            }
        }
    }

    public static StateTtl Options()
    {
        var ttl = new StateTtl(TimeSpan.FromDays(7))
        {
            Update = StateTtlUpdate.OnReadAndWrite,
            Visibility = StateTtlVisibility.ReturnExpiredIfNotCleanedUp,
            Cleanup = StateTtlCleanup.Background,
            CleanupSize = 10,
        };
        return ttl;
    }
}
