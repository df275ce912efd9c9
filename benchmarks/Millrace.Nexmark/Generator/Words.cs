namespace Millrace.Nexmark.Generator;

/// <summary>The texts of events. Made once and shared by all events: a benchmark of an engine should not measure how fast texts are made.</summary>
internal sealed class Words
{
    private const int Kinds = 1024;
    private const int Channels = 10_000;
    private const int HotChannels = 4;

    private static readonly string[] HotChannelNames = ["Google", "Facebook", "Baidu", "Apple"];
    private static readonly string[] FirstNames = ["Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"];
    private static readonly string[] LastNames = ["Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"];
    private static readonly string[] Cities = ["Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond", "Seattle", "Kent", "Cheyenne"];
    private static readonly string[] States = ["AZ", "CA", "ID", "OR", "WA", "WY"];

    private readonly string[] _names;
    private readonly string[] _items;
    private readonly string[] _descriptions;
    private readonly string[] _addresses;
    private readonly string[] _cards;
    private readonly string[] _personExtras;
    private readonly string[] _auctionExtras;
    private readonly string[] _bidExtras;
    private readonly (string Channel, string Url)[] _channels = new (string, string)[HotChannels + Channels];

    public Words(ulong seed)
    {
        var chance = new Chance(Chance.Mix(seed), -1);
        _names = [.. from first in FirstNames from last in LastNames select $"{first} {last}"];
        _items = Make(ref chance, static (ref c) => Text(ref c, 3, 20));
        _descriptions = Make(ref chance, static (ref c) => Text(ref c, 3, 100));
        _addresses = Make(ref chance, static (ref c) => $"{Text(ref c, 3, 7)}@{Text(ref c, 3, 5)}.com");
        _cards = Make(ref chance, static (ref c) => $"{c.Below(10_000):0000} {c.Below(10_000):0000} {c.Below(10_000):0000} {c.Below(10_000):0000}");

        // Filled up to the published average sizes of 200, 500 and 100 bytes.
        _personExtras = Make(ref chance, static (ref c) => Text(ref c, 96, 145));
        _auctionExtras = Make(ref chance, static (ref c) => Text(ref c, 320, 480));
        _bidExtras = Make(ref chance, static (ref c) => Text(ref c, 54, 82));
        for (int i = 0; i < _channels.Length; i++)
        {
            string url = $"https://www.nexmark.com/{Text(ref chance, 5, 6)}/{Text(ref chance, 5, 6)}/{Text(ref chance, 5, 6)}/item.htm?query=1";
            bool isHot = i < HotChannels;
            int number = i - HotChannels;
            _channels[i] = (isHot ? HotChannelNames[i] : $"channel-{number}", isHot || chance.Below(10) == 0 ? url : $"{url}&channel_id={number}");
        }
    }

    private delegate string Maker(ref Chance chance);

    public string Name(ref Chance chance) => _names[chance.Below(_names.Length)];

    public string Item(ref Chance chance) => _items[chance.Below(Kinds)];

    public string Description(ref Chance chance) => _descriptions[chance.Below(Kinds)];

    public string Address(ref Chance chance) => _addresses[chance.Below(Kinds)];

    public string Card(ref Chance chance) => _cards[chance.Below(Kinds)];

    public string City(ref Chance chance) => Cities[chance.Below(Cities.Length)];

    public string State(ref Chance chance) => States[chance.Below(States.Length)];

    public string PersonExtra(ref Chance chance) => _personExtras[chance.Below(Kinds)];

    public string AuctionExtra(ref Chance chance) => _auctionExtras[chance.Below(Kinds)];

    public string BidExtra(ref Dice dice) => _bidExtras[dice.OneOf(Kinds)];

    /// <summary>A channel and its page: every other bid comes from one of four.</summary>
    public (string Channel, string Url) Channel(ref Dice dice, ref Chance chance) =>
        _channels[dice.OneOf(2) > 0 ? dice.OneOf(HotChannels) : HotChannels + chance.Below(Channels)];

    private static string[] Make(ref Chance chance, Maker make)
    {
        string[] texts = new string[Kinds];
        for (int i = 0; i < texts.Length; i++)
        {
            texts[i] = make(ref chance);
        }

        return texts;
    }

    private static string Text(ref Chance chance, int least, int most)
    {
        Span<char> letters = stackalloc char[least + chance.Below(most - least + 1)];
        foreach (ref char letter in letters)
        {
            int number = chance.Below(27);
            letter = number == 26 ? ' ' : (char)('a' + number);
        }

        return new string(letters);
    }
}
