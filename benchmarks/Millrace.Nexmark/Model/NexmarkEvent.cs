namespace Millrace.Nexmark.Model;

/// <summary>What happens in the auction house: one of the three is set. Forty-six of fifty are bids, which are kept in it; the others it refers to.</summary>
/// <param name="Person">Somebody joins.</param>
/// <param name="Auction">An auction is opened.</param>
/// <param name="Bid">Somebody bids; where it is not a bid, <see langword="default"/>.</param>
internal readonly record struct NexmarkEvent(Person? Person, Auction? Auction, Bid Bid)
{
    public bool IsBid => Person is null && Auction is null;

    /// <summary>When it happened, in milliseconds since 1970.</summary>
    public long DateTime => Person?.DateTime ?? Auction?.DateTime ?? Bid.DateTime;
}
