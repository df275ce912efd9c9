namespace Millrace.Nexmark.Model;

/// <summary>A bid for an item.</summary>
/// <param name="Auction">The auction that it is for.</param>
/// <param name="Bidder">The person who bids.</param>
/// <param name="Price">In cents.</param>
/// <param name="Channel">How the bidder came to it.</param>
/// <param name="Url">The page.</param>
/// <param name="DateTime">When, in milliseconds since 1970.</param>
/// <param name="Extra">Bytes to carry.</param>
internal readonly record struct Bid(long Auction, long Bidder, long Price, string Channel, string Url, long DateTime, string Extra);
