namespace Millrace;

/// <summary>The key of records that are not divided by key: the same for all. Functions over <c>WindowAll</c> get it where others get a key.</summary>
public enum AllRecords : byte
{
    /// <summary>The one value.</summary>
    Key = 0,
}
