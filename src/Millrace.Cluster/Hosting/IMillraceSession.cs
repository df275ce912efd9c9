namespace Millrace.Hosting;

/// <summary>
/// Programs and jobs that are submitted to a cluster that runs, to be injected. It is the same on every worker. Where <see cref="ClusterSessionOptions.Enabled"/> is not set every method throws (MR6021). Safe for use by several
/// threads.
/// </summary>
/// <remarks>A job that was submitted is steered as any other, with <see cref="IMillraceCluster"/>.</remarks>
/// <example>
/// <code>
/// var program = await session.UploadFolderAsync("bin/Release/net10.0/publish");
/// string job = await session.SubmitAsync(program.Id, new JobSubmission { Name = "orders", Parallelism = 4 });
/// </code>
/// </example>
public interface IMillraceSession
{
    /// <summary>Whether programs are taken.</summary>
    bool IsEnabled { get; }

    /// <summary>How many bytes the archive of a program may have.</summary>
    long MaxProgramSize { get; }

    /// <summary>Keeps a program. The same content is kept once.</summary>
    /// <param name="archive">A zip archive of the folder that <c>dotnet publish</c> writes, at its beginning; it need not be able to seek.</param>
    /// <param name="name">What to call it, for people.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The program.</returns>
    /// <exception cref="MillraceException">The archive is damaged, too large, not safe to unpack, or has no entry assembly (MR6022).</exception>
    Task<SessionProgram> UploadAsync(Stream archive, string name, CancellationToken cancellationToken = default);

    /// <summary>Packs a folder and keeps it as a program. The same files are the same program.</summary>
    /// <param name="path">The folder that <c>dotnet publish</c> writes.</param>
    /// <param name="name">What to call it, for people; <see langword="null"/> for the folder's name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The program.</returns>
    /// <exception cref="MillraceException">It is too large, there is a link in it, or it has no entry assembly (MR6022).</exception>
    Task<SessionProgram> UploadFolderAsync(string path, string? name = null, CancellationToken cancellationToken = default);

    /// <summary>The programs that are kept, the newest first.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The programs.</returns>
    Task<IReadOnlyList<SessionProgram>> ListProgramsAsync(CancellationToken cancellationToken = default);

    /// <summary>Deletes a program.</summary>
    /// <param name="program">Its id.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Complete when it is gone.</returns>
    /// <exception cref="MillraceException">There is none (MR6023), or a job that has not ended runs it (MR6024).</exception>
    Task DeleteProgramAsync(string program, CancellationToken cancellationToken = default);

    /// <summary>Submits a job of a program. Its graph is built here first: what is wrong with it is said at once.</summary>
    /// <param name="program">The program's id.</param>
    /// <param name="submission">How the job is to be run.</param>
    /// <param name="cancellationToken">Gives up; the job may have been submitted all the same.</param>
    /// <returns>The job, when it outlives the loss of any worker. A coordinator starts it then.</returns>
    /// <exception cref="MillraceException">There is no such program (MR6023), the name is taken by a job that has not ended (MR6025), or the job cannot be made (MR6026, or the code of what is wrong with its graph).</exception>
    Task<SubmittedJob> SubmitAsync(string program, JobSubmission submission, CancellationToken cancellationToken = default);

    /// <summary>The jobs that were submitted and are remembered, in the order of their submission.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The jobs.</returns>
    Task<IReadOnlyList<SubmittedJob>> ListJobsAsync(CancellationToken cancellationToken = default);

    /// <summary>Forgets a job that was submitted and has ended. Its checkpoints and savepoints stay.</summary>
    /// <param name="job">The job's name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Complete when it is forgotten.</returns>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    /// <exception cref="MillraceException">It has not ended (MR6005).</exception>
    Task DeleteJobAsync(string job, CancellationToken cancellationToken = default);
}
