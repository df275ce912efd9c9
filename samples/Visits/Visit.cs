namespace Visits;

/// <summary>A visit.</summary>
/// <param name="Page">Which page.</param>
/// <param name="Time">When, in milliseconds.</param>
public sealed record Visit(string Page, long Time);
