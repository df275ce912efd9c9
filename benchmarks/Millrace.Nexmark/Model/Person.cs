namespace Millrace.Nexmark.Model;

/// <summary>Somebody who sells or bids.</summary>
/// <param name="Id">Their number.</param>
/// <param name="Name">Their name.</param>
/// <param name="EmailAddress">Their address.</param>
/// <param name="CreditCard">What they pay with.</param>
/// <param name="City">Where they live.</param>
/// <param name="State">Where they live.</param>
/// <param name="DateTime">When they joined, in milliseconds since 1970.</param>
/// <param name="Extra">Bytes to carry.</param>
internal sealed record Person(long Id, string Name, string EmailAddress, string CreditCard, string City, string State, long DateTime, string Extra) : Entry(DateTime);
