using PolyType;

namespace Millrace.Nexmark.Model;

/// <summary>Who or what comes into the auction house: a person or an auction.</summary>
/// <param name="DateTime">When, in milliseconds since 1970.</param>
[DerivedTypeShape(typeof(Person))]
[DerivedTypeShape(typeof(Auction))]
internal abstract record Entry(long DateTime);
