namespace Millrace.Nexmark.Model;

/// <summary>An item under auction.</summary>
/// <param name="Id">Its number.</param>
/// <param name="ItemName">What it is called.</param>
/// <param name="Description">What it is.</param>
/// <param name="InitialBid">The least bid, in cents.</param>
/// <param name="Reserve">The least price that it is sold for, in cents.</param>
/// <param name="DateTime">When it was opened, in milliseconds since 1970.</param>
/// <param name="Expires">When it is closed: a bid at that time still counts.</param>
/// <param name="Seller">The person who sells.</param>
/// <param name="Category">What kind of item it is.</param>
/// <param name="Extra">Bytes to carry.</param>
internal sealed record Auction(
    long Id, string ItemName, string Description, long InitialBid, long Reserve, long DateTime, long Expires, long Seller, long Category, string Extra) : Entry(DateTime);
