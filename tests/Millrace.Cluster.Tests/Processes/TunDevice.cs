using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace Millrace.Cluster.Tests.Processes;

/// <summary>A network interface of the kernel whose cable ends in this process: what is sent over it can be read here, and what is written here arrives there.</summary>
/// <remarks>It is gone when it is disposed of, or with the process, whatever namespace it has been moved to.</remarks>
internal sealed class TunDevice : IDisposable
{
    private const int ReadWriteNonBlockingCloseOnExec = 0x2 | 0x800 | 0x80000;
    private const nuint SetInterface = 0x400454CA;

    // Packets of the Internet protocol, with nothing in front of them.
    private const short TunWithoutHeader = 0x1 | 0x1000;
    private const short Readable = 0x1;

    private readonly int _file;

    /// <param name="name">Its name, of 15 characters at most.</param>
    /// <exception cref="Win32Exception">This process may not, or the kernel has no such interfaces.</exception>
    public TunDevice(string name)
    {
        Name = name;
        _file = Open("/dev/net/tun\0"u8.ToArray(), ReadWriteNonBlockingCloseOnExec);
        if (_file < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        byte[] request = new byte[40];
        Encoding.ASCII.GetBytes(name, request);
        BitConverter.TryWriteBytes(request.AsSpan(16), TunWithoutHeader);
        if (Control(_file, SetInterface, request) < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            _ = Close(_file);
            throw new Win32Exception(error);
        }
    }

    public string Name { get; }

    /// <summary>Waits until one of several has a packet.</summary>
    /// <param name="devices">The interfaces.</param>
    /// <param name="timeout">For how long at most.</param>
    public static void Wait(IReadOnlyList<TunDevice> devices, TimeSpan timeout)
    {
        var polls = new PollRequest[devices.Count];
        for (int i = 0; i < polls.Length; i++)
        {
            polls[i] = new PollRequest { File = devices[i]._file, Events = Readable };
        }

        _ = Poll(polls, (nuint)polls.Length, (int)Math.Ceiling(timeout.TotalMilliseconds));
    }

    /// <summary>Takes a packet, if there is one.</summary>
    /// <param name="buffer">Where to.</param>
    /// <returns>Its length, and 0 where there is none.</returns>
    public int Read(byte[] buffer) => (int)Math.Max(0, Read(_file, buffer, (nuint)buffer.Length));

    /// <summary>Delivers a packet. One that the kernel does not take is lost, as on any network.</summary>
    public void Write(byte[] packet, int length) => _ = Write(_file, packet, (nuint)length);

    public void Dispose() => _ = Close(_file);

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(int file, nuint request, byte[] argument);

    [DllImport("libc", EntryPoint = "poll")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Poll([In] PollRequest[] requests, nuint count, int timeout);

    [DllImport("libc", EntryPoint = "read")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Read(int file, [Out] byte[] buffer, nuint length);

    [DllImport("libc", EntryPoint = "write")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Write(int file, byte[] buffer, nuint length);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int file);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollRequest
    {
        public int File;
        public short Events;
        public short Happened;
    }
}
