using System.Globalization;

namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q13 : NexmarkQuery<Q13.Result>
{
    private const int Rows = 10_000;

    public override string Name => "q13";

    public override string Description => "Side input: each bid with a row of a table that does not change, which every subtask reads when it begins.";

    public override DataStream<Result> Results(NexmarkInput input) => input.SelectBids(static (in bid) => new Row(bid.Auction, bid.Bidder, bid.Price, bid.DateTime)).Map(static () => new LookUp()).Name("side input");

    /// <summary>The table: a text for each number from 0 to 9,999.</summary>
    public static string ValueOf(long key) => string.Create(CultureInfo.InvariantCulture, $"{key}-value");

    internal readonly record struct Result(long Auction, long Bidder, long Price, long DateTime, string Value) : IResult
    {
        public long Digest => Auction + Bidder + Price + DateTime + Value.Length;
    }

    internal readonly record struct Row(long Auction, long Bidder, long Price, long DateTime);

    private sealed class LookUp : MapFunction<Row, Result>
    {
        private readonly Dictionary<long, string> _table = [];

        public override void Open(RuntimeContext context)
        {
            for (long key = 0; key < Rows; key++)
            {
                _table[key] = ValueOf(key);
            }
        }

        public override Result Map(Row value) => new(value.Auction, value.Bidder, value.Price, value.DateTime, _table[value.Auction % Rows]);
    }
}
