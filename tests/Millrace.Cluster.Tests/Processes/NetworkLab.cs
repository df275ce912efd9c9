using System.Diagnostics;

namespace Millrace.Cluster.Tests.Processes;

/// <summary>
/// A network of several hosts: each is a network namespace with an address of its own, and this process is the switch between them, which loses and delays packets as it is told. The tests themselves are the host 0, where
/// servers for all can listen.
/// </summary>
/// <remarks>
/// That the switch is here, and not a bridge with qdiscs, has two reasons: a fault begins and ends at once and in one direction of one pair of hosts, and it needs no module of the kernel but <c>tun</c>.
/// </remarks>
internal sealed class NetworkLab : IDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(100);
    private static int _labs;

    private readonly Lock _lock = new();
    private readonly List<string> _namespaces = [];
    private readonly List<TunDevice> _devices = [];
    private readonly PriorityQueue<(byte[] Packet, int To), (TimeSpan Due, long Number)> _delayed = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Cable[,] _cables;
    private readonly Random _random;
    private readonly string _network;
    private readonly Thread _thread;
    private long _number;
    private bool _isDisposed;

    private NetworkLab(int hosts, int seed)
    {
        int lab = Interlocked.Increment(ref _labs) - 1;
        string name = $"mr{Environment.ProcessId}-{lab}";
        int place = (Environment.ProcessId + lab) % 4096;
        _network = $"10.{224 + (place >> 8)}.{place & 255}";
        _random = new Random(seed);
        _cables = new Cable[hosts + 1, hosts + 1];
        try
        {
            for (int host = 0; host <= hosts; host++)
            {
                _devices.Add(new TunDevice($"{name}-{host}"));
                if (host == 0)
                {
                    Connect([], host);
                    continue;
                }

                Run("ip", "netns", "add", $"{name}-{host}");
                _namespaces.Add($"{name}-{host}");
                Run("ip", "link", "set", _devices[host].Name, "netns", _namespaces[^1]);
                Run("ip", "-n", _namespaces[^1], "link", "set", "lo", "up");
                Connect(["-n", _namespaces[^1]], host);
            }
        }
        catch
        {
            Remove();
            throw;
        }

        _thread = new Thread(Carry) { IsBackground = true, Name = "network" };
        _thread.Start();
    }

    /// <summary>How many packets were not delivered.</summary>
    public long Lost { get; private set; }

    /// <summary>Makes a network, where that is possible.</summary>
    /// <param name="hosts">How many hosts there are beside this one.</param>
    /// <param name="seed">For which packets get lost.</param>
    /// <param name="why">Why it is not possible.</param>
    public static NetworkLab? TryCreate(int hosts, int seed, out string why)
    {
        why = "";
        if (!OperatingSystem.IsLinux())
        {
            why = "Networks of namespaces are there on Linux only.";
            return null;
        }

        try
        {
            return new NetworkLab(hosts, seed);
        }
        catch (Exception error) when (error is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            why = $"No network of namespaces could be made; it takes root, the program 'ip' (iproute2) and /dev/net/tun: {error.Message}";
            return null;
        }
    }

    public string AddressOf(int host) => $"{_network}.{host + 1}";

    /// <summary>The addresses of all hosts, as servers want it where they say whom they trust.</summary>
    public string Addresses => $"{_network}.0/24";

    /// <summary>What stands in front of a command for it to run on a host. The process that it starts is the command's own.</summary>
    public IReadOnlyList<string> On(int host) => host == 0 ? [] : ["ip", "netns", "exec", _namespaces[host - 1]];

    /// <summary>Loses all packets from one host to another, and none back.</summary>
    public void Cut(int from, int to)
    {
        lock (_lock)
        {
            _cables[from, to].IsCut = true;
        }
    }

    /// <summary>Delays what a host sends to others and what they send to it, and loses some of it.</summary>
    /// <param name="host">The host.</param>
    /// <param name="delay">The least delay.</param>
    /// <param name="jitter">How much longer it may be. The order stays: packets that overtake are a loss to TCP.</param>
    /// <param name="loss">The probability with which one is lost.</param>
    public void Disturb(int host, TimeSpan delay, TimeSpan jitter, double loss)
    {
        lock (_lock)
        {
            for (int other = 0; other < _devices.Count; other++)
            {
                _cables[host, other] = _cables[host, other] with { Delay = delay, Jitter = jitter, Loss = loss };
                _cables[other, host] = _cables[other, host] with { Delay = delay, Jitter = jitter, Loss = loss };
            }
        }
    }

    /// <summary>Everything gets through again, at once.</summary>
    public void Heal()
    {
        lock (_lock)
        {
            Array.Clear(_cables);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
        }

        _thread.Join();
        Remove();
    }

    private void Connect(string[] where, int host)
    {
        Run("ip", [.. where, "addr", "add", $"{AddressOf(host)}/24", "dev", _devices[host].Name]);
        Run("ip", [.. where, "link", "set", _devices[host].Name, "up"]);
    }

    private void Remove()
    {
        _devices.ForEach(static device => device.Dispose());
        foreach (string name in _namespaces)
        {
            try
            {
                Run("ip", "netns", "del", name);
            }
            catch (InvalidOperationException)
            {
                // The others are to go all the same.
            }
        }
    }

    private void Carry()
    {
        byte[] packet = new byte[1 << 16];
        var wait = TimeSpan.Zero;
        while (true)
        {
            TunDevice.Wait(_devices, wait);
            lock (_lock)
            {
                if (_isDisposed)
                {
                    return;
                }

                for (int from = 0; from < _devices.Count; from++)
                {
                    while (_devices[from].Read(packet) is var length && length > 0)
                    {
                        Route(from, packet, length);
                    }
                }

                wait = LongestWait;
                while (_delayed.TryPeek(out var next, out var key))
                {
                    if (key.Due > _clock.Elapsed)
                    {
                        wait = key.Due - _clock.Elapsed < wait ? key.Due - _clock.Elapsed : wait;
                        break;
                    }

                    _delayed.Dequeue();
                    _devices[next.To].Write(next.Packet, next.Packet.Length);
                }
            }
        }
    }

    private void Route(int from, byte[] packet, int length)
    {
        // What the kernel itself tells its neighbours, by version 6 of the protocol, is for nobody.
        int to = length >= 20 && packet[0] >> 4 == 4 ? packet[19] - 1 : -1;
        if (to < 0 || to >= _devices.Count || to == from)
        {
            return;
        }

        ref var cable = ref _cables[from, to];
        if (cable.IsCut || (cable.Loss > 0 && _random.NextDouble() < cable.Loss))
        {
            Lost++;
            return;
        }

        if (cable.Delay == TimeSpan.Zero)
        {
            _devices[to].Write(packet, length);
            return;
        }

        var due = _clock.Elapsed + cable.Delay + (cable.Jitter * _random.NextDouble());
        cable.LastDue = due = due > cable.LastDue ? due : cable.LastDue;
        _delayed.Enqueue((packet[..length], to), (due, _number++));
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"'{program} {string.Join(' ', arguments)}' says: {errors.Trim()}");
        }
    }

    /// <summary>One direction between two hosts.</summary>
    private record struct Cable(bool IsCut, TimeSpan Delay, TimeSpan Jitter, double Loss, TimeSpan LastDue);
}
