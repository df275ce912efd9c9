namespace Millrace;

/// <summary>A record of one of two streams that are joined in windows: what triggers, evictors and the late side output of a join see.</summary>
/// <typeparam name="T1">The type of the first stream's records.</typeparam>
/// <typeparam name="T2">The type of the second stream's records.</typeparam>
/// <param name="IsSecond">Whether it is a record of the second stream.</param>
/// <param name="First">The record, where it is one of the first stream; else <see langword="default"/>.</param>
/// <param name="Second">The record, where it is one of the second stream; else <see langword="default"/>.</param>
public readonly record struct JoinRecord<T1, T2>(bool IsSecond, T1? First, T2? Second);
