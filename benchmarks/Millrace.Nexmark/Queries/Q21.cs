namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q21 : NexmarkQuery<Q21.Result>
{
    private const string Parameter = "&channel_id=";

    public override string Name => "q21";

    public override string Description => "Channel id: each bid with a number for its channel, known for four of them and taken from the page's address for the others. Cases and texts.";

    public override DataStream<Result> Results(NexmarkInput input) => input.FlatMapBids<Result>(static (in bid, output) =>
    {
        if (IdOf(bid.Channel, bid.Url) is { } id)
        {
            output.Collect(new Result(bid.Auction, bid.Bidder, bid.Price, bid.Channel, id));
        }
    });

    private static string? IdOf(string channel, string url)
    {
        if (channel.Equals("apple", StringComparison.OrdinalIgnoreCase))
        {
            return "0";
        }

        if (channel.Equals("google", StringComparison.OrdinalIgnoreCase))
        {
            return "1";
        }

        if (channel.Equals("facebook", StringComparison.OrdinalIgnoreCase))
        {
            return "2";
        }

        if (channel.Equals("baidu", StringComparison.OrdinalIgnoreCase))
        {
            return "3";
        }

        int start = url.IndexOf(Parameter, StringComparison.Ordinal);
        if (start < 0)
        {
            return null;
        }

        start += Parameter.Length;
        int end = url.IndexOf('&', start);
        return end < 0 ? url[start..] : url[start..end];
    }

    internal readonly record struct Result(long Auction, long Bidder, long Price, string Channel, string ChannelId) : IResult
    {
        public long Digest => Auction + Bidder + Price + Channel.Length + ChannelId.Length;
    }
}
