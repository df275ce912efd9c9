using Millrace.Nexmark.Model;

namespace Millrace.Nexmark.Queries;

/// <summary>Numbers that all fields of a part of a result have a part in.</summary>
internal static class Digests
{
    public static long Digest(this in Bid bid) => bid.Auction + bid.Bidder + bid.Price + bid.Channel.Length + bid.Url.Length + bid.DateTime + bid.Extra.Length;

    public static long Digest(this Auction auction) => auction.Id + auction.ItemName.Length + auction.Description.Length + auction.InitialBid + auction.Reserve + auction.DateTime
        + auction.Expires + auction.Seller + auction.Category + auction.Extra.Length;

    public static long Digest(this Person person) => person.Id + person.Name.Length + person.EmailAddress.Length + person.CreditCard.Length + person.City.Length + person.State.Length
        + person.DateTime + person.Extra.Length;
}
