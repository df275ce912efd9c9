using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Millrace.Cluster.Coordination;
using Millrace.Cluster.Hosting;
using Millrace.Hosting;
using Millrace.Runtime.Clustering;

namespace Millrace.Cluster.Session;

/// <summary>Keeps programs, and submits jobs of them.</summary>
/// <param name="settings">The options of the cluster.</param>
/// <param name="services">The host's services; those of programs are there only where programs are taken.</param>
/// <param name="factory">The names of the host's own jobs.</param>
/// <param name="records">The records of jobs.</param>
/// <param name="submitted">The jobs that were submitted.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Says who has done what.</param>
internal sealed class MillraceSession(
    ClusterSettings settings, IServiceProvider services, IJobMasterFactory factory, IJobRecordStore records, SubmittedJobs submitted, TimeProvider time, ILogger<MillraceSession> logger) : IMillraceSession
{
    private const int BufferSize = 80 * 1024;
    private const int LongestName = 200;

    private readonly ClusterSessionOptions _options = settings.Options.Session;

    public bool IsEnabled => _options.Enabled;

    public long MaxProgramSize => _options.MaxProgramSize;

    private ProgramStorage Storage => IsEnabled ? services.GetRequiredService<ProgramStorage>() : throw ClusterErrors.NoPrograms();

    public async Task<SessionProgram> UploadAsync(Stream archive, string name, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(archive);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        var storage = Storage;
        var file = NewTemporary();
        await using var _ = file.ConfigureAwait(false);
        byte[] buffer = new byte[BufferSize];
        for (int read; (read = await archive.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            if (file.Length + read > _options.MaxProgramSize)
            {
                throw SessionErrors.Refused($"it has more than {_options.MaxProgramSize} bytes. Leave out what it does not need, or raise Millrace:Cluster:Session:{nameof(_options.MaxProgramSize)}.");
            }

            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
        }

        return await BlockAsync(() => Keep(storage, file, name), cancellationToken).ConfigureAwait(false);
    }

    public async Task<SessionProgram> UploadFolderAsync(string path, string? name = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        var storage = Storage;
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return await BlockAsync(
            () =>
            {
                using var file = NewTemporary();
                ProgramArchive.Pack(folder, file);
                return Keep(storage, file, name ?? Path.GetFileName(folder));
            },
            cancellationToken).ConfigureAwait(false);
    }

    public async Task<IReadOnlyList<SessionProgram>> ListProgramsAsync(CancellationToken cancellationToken = default)
    {
        var storage = Storage;
        return [.. (await BlockAsync(storage.List, cancellationToken).ConfigureAwait(false)).Select(ToPublic)];
    }

    public async Task DeleteProgramAsync(string program, CancellationToken cancellationToken = default)
    {
        var storage = Storage;
        var info = await BlockAsync(() => storage.Find(program), cancellationToken).ConfigureAwait(false) ?? throw SessionErrors.UnknownProgram(program);
        await MustBeUnusedAsync().ConfigureAwait(false);
        await BlockAsync(() => storage.Withdraw(program), cancellationToken).ConfigureAwait(false);
        try
        {
            // Who submits a job writes it first, and then looks whether the program is there still: one of the two sees the other.
            await MustBeUnusedAsync().ConfigureAwait(false);
        }
        catch (MillraceException)
        {
            await BlockAsync(() => storage.Announce(info), CancellationToken.None).ConfigureAwait(false);
            throw;
        }

        await BlockAsync(() => storage.Delete(program), cancellationToken).ConfigureAwait(false);
        Log.ProgramDeleted(logger, program);

        async Task MustBeUnusedAsync()
        {
            List<string> users = [.. (await submitted.LookAsync(cancellationToken).ConfigureAwait(false)).Where(job => job.Record.End is null && job.Record.Program!.Id == program).Select(static job => job.Job)];
            if (users.Count > 0)
            {
                throw SessionErrors.InUse(program, users);
            }
        }
    }

    public async Task<SubmittedJob> SubmitAsync(string program, JobSubmission submission, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(submission);
        var storage = Storage;
        var info = await BlockAsync(() => storage.Find(program), cancellationToken).ConfigureAwait(false) ?? throw SessionErrors.UnknownProgram(program);
        string? entry = submission.EntryType ?? (info.Jobs.Count == 1 ? info.Jobs[0] : null);
        string name = submission.Name ?? entry?[(entry.LastIndexOfAny(['.', '+']) + 1)..]
            ?? throw SessionErrors.CannotMake($"the name of the class is missing; {(info.Jobs.Count == 0 ? "none was seen in the program" : $"there are {string.Join(", ", info.Jobs.Select(static job => $"'{job}'"))}")}.");
        var what = new JobProgram(program, entry, Guid.NewGuid().ToString("N")) { Arguments = [.. submission.Arguments], Settings = SettingsOf(submission) };
        var (before, etag) = await MustBeFreeAsync(name, cancellationToken).ConfigureAwait(false);
        await BlockAsync(() => Check(name, what), cancellationToken).ConfigureAwait(false);

        // The term goes on: what an earlier coordinator of the name still says is refused.
        JobRecord record;
        string? written;
        while (true)
        {
            record = JobRecord.New with { Term = before.Term, Program = what, Name = name, SubmittedAt = time.GetUtcNow() };
            written = await records.WriteAsync(name, record, etag, cancellationToken).ConfigureAwait(false);
            if (written is not null)
            {
                break;
            }

            // Another has written it meanwhile, and has the name; or a job that ended long ago was forgotten just now.
            (before, etag) = await MustBeFreeAsync(name, cancellationToken).ConfigureAwait(false);
        }

        if (await BlockAsync(() => storage.Find(program), CancellationToken.None).ConfigureAwait(false) is null)
        {
            await records.DeleteAsync(name, written, CancellationToken.None).ConfigureAwait(false);
            throw SessionErrors.UnknownProgram(program);
        }

        Log.JobSubmitted(logger, name, program, what.Submission);
        await submitted.LookAsync(CancellationToken.None).ConfigureAwait(false);
        return ToPublic(name, record);
    }

    public async Task<IReadOnlyList<SubmittedJob>> ListJobsAsync(CancellationToken cancellationToken = default)
    {
        _ = Storage;
        return [.. (await submitted.LookAsync(cancellationToken).ConfigureAwait(false)).Select(static job => ToPublic(job.Job, job.Record))];
    }

    public async Task DeleteJobAsync(string job, CancellationToken cancellationToken = default)
    {
        _ = Storage;
        var found = (await submitted.LookAsync(cancellationToken).ConfigureAwait(false)).FirstOrDefault(other => string.Equals(other.Job, job, StringComparison.OrdinalIgnoreCase))
            ?? throw new KeyNotFoundException($"No job '{job}' was submitted to this cluster.");
        if (found.Record.End is null || !await records.DeleteAsync(found.Job, found.ETag, cancellationToken).ConfigureAwait(false))
        {
            throw new MillraceException("MR6005", $"The job '{found.Job}' has not ended, so it cannot be deleted. Cancel it first.");
        }

        await submitted.LookAsync(CancellationToken.None).ConfigureAwait(false);
    }

    private static Dictionary<string, string> SettingsOf(JobSubmission submission)
    {
        var settings = new Dictionary<string, string>(submission.Settings, StringComparer.OrdinalIgnoreCase);
        if (settings.ContainsKey("Checkpoints:JobId"))
        {
            throw SessionErrors.CannotMake("Checkpoints:JobId cannot be set: each submission keeps its checkpoints under a name of its own. To go on with the state of another, give its savepoint as RestoreFrom.");
        }

        if (submission.Parallelism is { } parallelism)
        {
            settings["Parallelism"] = parallelism.ToString(CultureInfo.InvariantCulture);
        }

        if (submission.RestoreFrom is { } restore)
        {
            settings["Checkpoints:RestoreFrom"] = restore.Path;
            settings["Checkpoints:Claim"] = restore.Claim.ToString();
            settings["Checkpoints:AllowNonRestoredState"] = restore.AllowNonRestoredState.ToString();
        }

        return settings;
    }

    private async Task<(JobRecord Record, string? ETag)> MustBeFreeAsync(string name, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Length > LongestName || name.Any(static c => c is ':' or '/' or '\\' || char.IsControl(c)))
        {
            throw SessionErrors.NameTaken(name, $"a name has 1 to {LongestName} characters, and no colons, slashes or control characters.");
        }

        if (factory.Jobs.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            throw SessionErrors.NameTaken(name, "the workers' own program has a job of that name.");
        }

        var other = (await submitted.LookAsync(cancellationToken).ConfigureAwait(false)).FirstOrDefault(job => string.Equals(job.Job, name, StringComparison.OrdinalIgnoreCase));
        if (other is not null && (other.Record.End is null || other.Job != name))
        {
            throw SessionErrors.NameTaken(name, other.Record.End is null ? $"the job '{other.Job}' has not ended." : $"there was a job '{other.Job}', and the case of letters does not count. Delete it first, or use its name.");
        }

        var (record, etag) = await records.ReadAsync(name, cancellationToken).ConfigureAwait(false);
        return etag is null || record is { Program: not null, End: not null }
            ? (record, etag)
            : throw SessionErrors.NameTaken(name, record.Program is null ? "there was a job of the workers' own program under that name." : "that job has not ended.");
    }

    /// <summary>Builds the graph once, so that whoever submits the job hears what is wrong with it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Check(string name, JobProgram program)
    {
        try
        {
            services.GetRequiredService<IJobBuilder>().Of(program).Build(name, null).Release(logger);
        }
        catch (Exception error) when (error is not (MillraceException or IOException))
        {
            // Its type may be of the program, which is not to be held by whoever keeps the error.
            throw SessionErrors.CannotMake($"{error.GetType().Name}: {error.Message}");
        }
    }

    private SessionProgram Keep(ProgramStorage storage, Stream archive, string name)
    {
        var host = services.GetRequiredService<HostAssemblies>();
        string entryAssembly;
        IReadOnlyList<string> jobs;
        using (var zip = ProgramArchive.Open(archive, ProgramLimits.Of(_options)))
        {
            ProgramArchive.Verify(zip);
            entryAssembly = ProgramEntry.Find(zip.Entries.Select(static entry => entry.FullName), host);
            using var assembly = zip.GetEntry(entryAssembly)!.Open();
            using var image = new MemoryStream();
            assembly.CopyTo(image);
            image.Position = 0;
            jobs = ProgramEntry.Jobs(image, entryAssembly);
        }

        var info = storage.Add(archive, new ProgramInfo(ProgramStorage.IdOf(archive), name, archive.Length, time.GetUtcNow(), entryAssembly, jobs));
        Log.ProgramUploaded(logger, info.Id, info.Name, info.Size);
        return ToPublic(info);
    }

    private static FileStream NewTemporary()
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), options);
    }

    private static SessionProgram ToPublic(ProgramInfo program) => new(program.Id, program.Name, program.Size, program.UploadedAt, program.EntryAssembly, program.Jobs);

    private static SubmittedJob ToPublic(string name, JobRecord record) =>
        new(name, record.Program!.Submission, record.Program.Id, record.Program.EntryType, record.SubmittedAt ?? default, record.EndedAt, record.End);

    // Storages block, and code of programs may: not on threads of the pool.
    private static Task<T> BlockAsync<T>(Func<T> work, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(work, cancellationToken, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);

    private static Task BlockAsync(Action work, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(work, cancellationToken, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
}
