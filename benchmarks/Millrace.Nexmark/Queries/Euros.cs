namespace Millrace.Nexmark.Queries;

/// <summary>The suite's exchange rate: a dollar is 0.908 euros. Prices in euros are whole numbers of thousandths of a cent, as the suite's decimals have three digits behind the point.</summary>
internal static class Euros
{
    private const long ThousandthsOfACent = 908;

    public static long Of(long cents) => cents * ThousandthsOfACent;
}
