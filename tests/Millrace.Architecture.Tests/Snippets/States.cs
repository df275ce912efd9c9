using Millrace.State;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/concepts/state.md, the wrong examples too: the compiler takes them.</summary>
internal static class States
{
    public sealed class RunningTotal : KeyedProcessFunction<string, long, long>
    {
        private ValueState<long> _total = null!;

        public override void Open(RuntimeContext context) =>
            _total = context.GetState(new ValueStateDescriptor<long>("total"));

        public override void ProcessElement(long amount, KeyedProcessContext<string> context, Collector<long> output)
        {
            ref long total = ref _total.GetOrAdd();
            total += amount;
            output.Collect(total);
        }
    }

    public sealed class Profile
    {
        public int Visits { get; set; }
    }

    public sealed record Order(long Amount);

    public sealed class References(ValueState<long> _count, ValueState<long> _sum, ValueState<Profile> _profile, Order order)
    {
        public void TwoAtOnce()
        {
            ref long count = ref _count.GetOrAdd();
            ref long sum = ref _sum.GetOrAdd();   // from here on, count may point to where the value was
            count++;
            sum += order.Amount;
        }

        public void OneAfterTheOther()
        {
            _count.GetOrAdd()++;
            _sum.GetOrAdd() += order.Amount;
        }

        public void ChangingWhatWasRead()
        {
            _profile.Value!.Visits++;
        }

        public void ChangingThroughTheReference()
        {
            ref Profile profile = ref _profile.GetOrAdd();
            profile ??= new Profile();
            profile.Visits++;
        }
    }
}
