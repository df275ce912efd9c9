namespace Millrace.Nexmark.Model;

/// <summary>What happens in the auction house. Forty-six of fifty events are bids, which are kept in it; others it refers to. As long as a line of the processor's cache.</summary>
/// <param name="Entry">Who joins, or the auction that is opened; null where it is a bid.</param>
/// <param name="Bid">Somebody bids; where it is not a bid, <see langword="default"/>.</param>
internal readonly record struct NexmarkEvent(Entry? Entry, Bid Bid)
{
    /// <summary>Somebody bids; where it is not a bid, <see langword="default"/>. A field, so that who needs one member of it copies no more than that.</summary>
    public readonly Bid Bid = Bid;

    /// <summary>Who joins; null where nobody does.</summary>
    public Person? Person => Entry as Person;

    /// <summary>The auction that is opened; null where none is.</summary>
    public Auction? Auction => Entry as Auction;

    public bool IsBid => Entry is null;

    /// <summary>When it happened, in milliseconds since 1970.</summary>
    public long DateTime => Entry?.DateTime ?? Bid.DateTime;
}
