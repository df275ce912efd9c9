namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q22 : NexmarkQuery<Q22.Result>
{
    // Behind the scheme, an empty part and the host.
    private const int FirstFolder = 3;

    public override string Name => "q22";

    public override string Description => "Folders: the first three folders of the page of each bid. Texts are cut, which allocates.";

    public override DataStream<Result> Results(NexmarkInput input) => input.SelectBids(static (in bid) =>
    {
        var url = bid.Url.AsSpan();
        Span<Range> parts = stackalloc Range[FirstFolder + 4];
        url.Split(parts, '/');
        return new Result(
            bid.Auction, bid.Bidder, bid.Price, bid.Channel, url[parts[FirstFolder]].ToString(), url[parts[FirstFolder + 1]].ToString(), url[parts[FirstFolder + 2]].ToString());
    });

    internal readonly record struct Result(long Auction, long Bidder, long Price, string Channel, string Folder1, string Folder2, string Folder3) : IResult
    {
        public long Digest => Auction + Bidder + Price + Channel.Length + Folder1.Length + Folder2.Length + Folder3.Length;
    }
}
