namespace Visits;

/// <summary>How often a page was visited in a second.</summary>
/// <param name="Page">The page.</param>
/// <param name="Second">The beginning of the second, in milliseconds.</param>
/// <param name="Visits">How often.</param>
public sealed record PageCount(string Page, long Second, long Visits);
