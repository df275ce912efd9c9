using Millrace.Windowing;

namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q8 : NexmarkQuery<Q8.Result>
{
    private static readonly TimeSpan Size = TimeSpan.FromSeconds(10);

    public override string Name => "q8";

    public override string Description => "New users: who has joined and opened an auction within the same 10 seconds? A join of windows.";

    public override bool HasEventTime => true;

    public override DataStream<Result> Results(NexmarkInput input) => input.Persons.Map(static person => new Joined(person.Id, person.Name, person.DateTime))
        .CoGroup(input.Auctions.Map(static auction => auction.Seller)).Where(static person => person.Id).EqualTo(static seller => seller)
        .Window(TumblingEventTimeWindows.Of(Size))
        .Apply<Result>(static (persons, sellers, output) =>
        {
            if (sellers.Count > 0)
            {
                foreach (var person in persons)
                {
                    output.Collect(new Result(person.Id, person.Name, person.DateTime - (person.DateTime % (long)Size.TotalMilliseconds)));
                }
            }
        }).Name("join").Uid("join");

    internal readonly record struct Joined(long Id, string Name, long DateTime);

    internal readonly record struct Result(long Id, string Name, long Start) : IResult
    {
        public long Digest => Id + Name.Length + Start;
    }
}
