using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Millrace.Cluster.Tests.Processes;

/// <summary>Workers of one cluster, its store, and the file in which coordinators leave when they began.</summary>
/// <param name="settings">What all workers have in their section <c>Millrace:Cluster</c>.</param>
/// <param name="folder">A folder of the test.</param>
/// <param name="arguments">What else all workers are started with.</param>
internal sealed class ClusterScene(IReadOnlyList<(string Key, string Value)> settings, string folder, params IReadOnlyList<string> arguments) : IAsyncDisposable
{
    // Below the range that the kernel hands out to outgoing connections, and apart from those of other processes that run at the same time.
    private static int _port = 12_000 + (Environment.ProcessId % 400 * 40);

    private readonly List<WorkerProcess> _workers = [];
    private readonly Dictionary<string, (int Silo, int Data)> _ports = [];
    private readonly Dictionary<string, int> _hosts = [];

    public Stopwatch Clock { get; } = Stopwatch.StartNew();

    /// <summary>The network whose hosts the workers are, in the order in which they are started first; <see langword="null"/> for ports of this machine.</summary>
    public NetworkLab? Network { get; init; }

    /// <summary>The terms in the order in which coordinators began, each with the worker.</summary>
    public IReadOnlyList<(long Term, string Worker)> Terms
    {
        get
        {
            string path = Path.Combine(folder, "terms");
            return File.Exists(path)
                ? [.. File.ReadAllLines(path).Select(line => line.Split(' ')).Select(words => (long.Parse(words[1], CultureInfo.InvariantCulture), words[3]))]
                : [];
        }
    }

    /// <summary>Starts a worker. One of the same name gets the same ports, unless they are to be new.</summary>
    public WorkerProcess Start(string name, bool newPorts = false, params string[] more)
    {
        if (newPorts || !_ports.ContainsKey(name))
        {
            _ports[name] = (FreePort(), FreePort());
        }

        var (silo, data) = _ports[name];
        if (!_hosts.TryGetValue(name, out int host))
        {
            _hosts[name] = host = _hosts.Count + 1;
        }

        var worker = new WorkerProcess(
            name,
            [
                .. settings.Append(("Name", name))
                    .Append(("SiloPort", silo.ToString(CultureInfo.InvariantCulture)))
                    .Append(("DataPort", data.ToString(CultureInfo.InvariantCulture)))
                    .Select(setting => $"--Millrace:Cluster:{setting.Item1}={setting.Item2}"),
                .. Network is null ? Array.Empty<string>() : [$"--Millrace:Cluster:Address={Network.AddressOf(host)}"],
                $"--Terms={Path.Combine(folder, "terms")}",
                .. arguments,
                .. more,
            ],
            Clock,
            Network?.On(host) ?? []);
        _workers.Add(worker);
        return worker;
    }

    /// <summary>Starts workers at once, and waits until each sees all and one of them leads.</summary>
    public async Task<WorkerProcess[]> StartAllAsync(params string[] names)
    {
        WorkerProcess[] workers = [.. names.Select(name => Start(name))];
        foreach (var worker in workers)
        {
            await worker.SeeWorkersAsync(0, workers);
        }

        await LeaderAsync(workers);
        return workers;
    }

    /// <summary>The worker whose coordinator began last, once there is one behind a number of lines.</summary>
    public static async Task<WorkerProcess> LeaderAsync(IReadOnlyList<WorkerProcess> workers, params int[] behind) =>
        workers[await FirstAsync([.. workers.Select((worker, i) => worker.SeeAsync("begins ", i < behind.Length ? behind[i] : 0))])];

    public static void Report(string what, params (string Name, TimeSpan Time)[] times)
    {
        string line = $"TIMES {what}: {string.Join(", ", times.Select(time => $"{time.Name} {time.Time.TotalSeconds:0.00} s"))}";
        TestContext.Current.TestOutputHelper!.WriteLine(line);
        if (Environment.GetEnvironmentVariable("MILLRACE_CLUSTER_TIMES") is { Length: > 0 } file)
        {
            File.AppendAllText(file, line + "\n");
        }
    }

    /// <summary>Which host of the network a worker is.</summary>
    public int HostOf(string worker) => _hosts[worker];

    public string Describe() => string.Concat(_workers.Select(worker => worker.Describe()));

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
        {
            await worker.DisposeAsync();
        }
    }

    private static async Task<int> FirstAsync<T>(Task<T>[] tasks)
    {
        var first = await Task.WhenAny(tasks);
        await first;
        foreach (var other in tasks)
        {
            // It ends with the test, one way or the other.
            _ = other.ContinueWith(static task => task.Exception, TaskScheduler.Default);
        }

        return Array.IndexOf(tasks, first);
    }

    private static int FreePort()
    {
        while (true)
        {
            int port = Interlocked.Increment(ref _port);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
            }
        }
    }
}
