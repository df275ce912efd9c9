namespace Millrace.Benchmarks.Harness;

/// <summary>A record of 16 bytes, for single operators.</summary>
internal readonly record struct Event(long Key, long Value);

/// <summary>A record of 40 bytes, for whatever moves records between threads.</summary>
internal readonly record struct Reading(long Key, long Value, long Sent, long First, long Second);
