namespace Millrace.Runtime.Windowing.Local;

/// <summary>What goes over the exchange in front of a window that is aggregated in two steps: a record, or what several records of one key and slice come to.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TContent">What a slice holds.</typeparam>
internal struct Partial<T, TContent>
{
    /// <summary>The record, or the first of those that it stands for. It says which key and, with its timestamp, which slice they belong to.</summary>
    public T Record;

    /// <summary>What they come to, where there are several.</summary>
    public TContent? Content;

    /// <summary>How many records are in <see cref="Content"/>; 0 where there is only <see cref="Record"/>.</summary>
    public int Aggregated;

    /// <summary>How many records it stands for.</summary>
    public readonly int Records => Math.Max(1, Aggregated);
}
