using Millrace.Nexmark.Model;

namespace Millrace.Nexmark.Generator;

/// <summary>An event as it stands in a file: one row with the columns of all three kinds, those of the others empty.</summary>
internal sealed record EventRow
{
    private const string OfPerson = "person";
    private const string OfAuction = "auction";
    private const string OfBid = "bid";

    /// <summary>What has happened: <c>person</c>, <c>auction</c> or <c>bid</c>.</summary>
    public required string Event { get; init; }

    /// <summary>When, in milliseconds since 1970 UTC.</summary>
    public required long DateTime { get; init; }

    /// <summary>Bytes to carry.</summary>
    public required string Extra { get; init; }

    /// <summary>The number of the person or the auction.</summary>
    public long? Id { get; init; }

    public string? Name { get; init; }

    public string? EmailAddress { get; init; }

    public string? CreditCard { get; init; }

    public string? City { get; init; }

    public string? State { get; init; }

    public string? ItemName { get; init; }

    public string? Description { get; init; }

    public long? InitialBid { get; init; }

    public long? Reserve { get; init; }

    public long? Expires { get; init; }

    public long? Seller { get; init; }

    public long? Category { get; init; }

    public long? Auction { get; init; }

    public long? Bidder { get; init; }

    public long? Price { get; init; }

    public string? Channel { get; init; }

    public string? Url { get; init; }

    public static EventRow From(NexmarkEvent e) => e switch
    {
        { Person: { } person } => new EventRow
        {
            Event = OfPerson,
            DateTime = person.DateTime,
            Extra = person.Extra,
            Id = person.Id,
            Name = person.Name,
            EmailAddress = person.EmailAddress,
            CreditCard = person.CreditCard,
            City = person.City,
            State = person.State,
        },
        { Auction: { } auction } => new EventRow
        {
            Event = OfAuction,
            DateTime = auction.DateTime,
            Extra = auction.Extra,
            Id = auction.Id,
            ItemName = auction.ItemName,
            Description = auction.Description,
            InitialBid = auction.InitialBid,
            Reserve = auction.Reserve,
            Expires = auction.Expires,
            Seller = auction.Seller,
            Category = auction.Category,
        },
        _ => new EventRow
        {
            Event = OfBid,
            DateTime = e.Bid.DateTime,
            Extra = e.Bid.Extra,
            Auction = e.Bid.Auction,
            Bidder = e.Bid.Bidder,
            Price = e.Bid.Price,
            Channel = e.Bid.Channel,
            Url = e.Bid.Url,
        },
    };

    /// <exception cref="FormatException">A field that the event must have is empty, or it is no event.</exception>
    public NexmarkEvent ToEvent() => Event switch
    {
        OfPerson => new NexmarkEvent(new Person(Of(Id), Of(Name), Of(EmailAddress), Of(CreditCard), Of(City), Of(State), DateTime, Extra), default),
        OfAuction => new NexmarkEvent(new Auction(Of(Id), Of(ItemName), Of(Description), Of(InitialBid), Of(Reserve), DateTime, Of(Expires), Of(Seller), Of(Category), Extra), default),
        OfBid => new NexmarkEvent(null, new Bid(Of(Auction), Of(Bidder), Of(Price), Of(Channel), Of(Url), DateTime, Extra)),
        _ => throw new FormatException($"'{Event}' is no event: '{OfPerson}', '{OfAuction}' or '{OfBid}' was expected."),
    };

    private string Of(string? field, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(field))] string name = "") => field ?? throw Empty(name);

    private long Of(long? field, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(field))] string name = "") => field ?? throw Empty(name);

    private FormatException Empty(string name) => new($"The field '{name}' is empty, which {Event} must have.");
}
