namespace Millrace.Hosting;

/// <summary>A job that was submitted to a cluster.</summary>
/// <param name="Name">Its name, by which <see cref="IMillraceCluster"/> knows it.</param>
/// <param name="Id">Names this submission: 32 hexadecimal digits, others for every job that was ever submitted.</param>
/// <param name="Program">The id of its program.</param>
/// <param name="EntryType">The full name of its class; <see langword="null"/> for the only one of the program.</param>
/// <param name="SubmittedAt">When it was submitted.</param>
/// <param name="EndedAt">When it ended; <see langword="null"/> while it has not.</param>
/// <param name="End">How it ended; <see langword="null"/> while it has not.</param>
public sealed record SubmittedJob(string Name, string Id, string Program, string? EntryType, DateTimeOffset SubmittedAt, DateTimeOffset? EndedAt, JobState? End);
