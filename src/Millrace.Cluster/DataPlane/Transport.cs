using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Millrace.Cluster.Security;

namespace Millrace.Cluster.DataPlane;

/// <summary>Sockets as the data plane wants them, and TLS over them where it is on.</summary>
/// <param name="credentials">For TLS; <see langword="null"/> for none.</param>
internal sealed class Transport(TlsCredentials? credentials) : IDisposable
{
    // A machine that is gone without a word is noticed after 5 + 3 × 2 seconds when nothing is under way, and after as much when something is. Linux alone can be told the latter.
    private const int KeepAliveTime = 5;
    private const int KeepAliveInterval = 2;
    private const int KeepAliveCount = 3;
    private const int TcpUserTimeout = 18;
    private const int UserTimeoutMilliseconds = 11_000;

    /// <summary>A socket that is not connected yet.</summary>
    /// <param name="host">Whom to; a name or an address.</param>
    public static Socket Create(string host) =>
        Prepare(IPAddress.TryParse(host, out var address) ? new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) : new Socket(SocketType.Stream, ProtocolType.Tcp));

    /// <summary>Sets the options of a socket.</summary>
    public static Socket Prepare(Socket socket)
    {
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveTime);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveInterval);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveCount);
        if (OperatingSystem.IsLinux())
        {
            socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, TcpUserTimeout, BitConverter.GetBytes(UserTimeoutMilliseconds));
        }

        return socket;
    }

    /// <summary>An address for people.</summary>
    public static string Describe(EndPoint? point) => point switch
    {
        IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped => $"{mapped.Address.MapToIPv4()}:{mapped.Port}",
        null => "an unknown address",
        _ => $"{point}",
    };

    /// <summary>The stream of the end that was dialed.</summary>
    public async ValueTask<Stream> AcceptAsync(Socket socket, CancellationToken cancellationToken)
    {
        var stream = new NetworkStream(socket, ownsSocket: true);
        if (credentials is null)
        {
            return stream;
        }

        var secure = new SslStream(stream);
        try
        {
            await secure.AuthenticateAsServerAsync(credentials.ServerOptions(), cancellationToken).ConfigureAwait(false);
            return secure;
        }
        catch
        {
            await secure.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The stream of the end that has dialed.</summary>
    public async ValueTask<Stream> ConnectedAsync(Socket socket, string host, CancellationToken cancellationToken)
    {
        var stream = new NetworkStream(socket, ownsSocket: true);
        if (credentials is null)
        {
            return stream;
        }

        var secure = new SslStream(stream);
        try
        {
            await secure.AuthenticateAsClientAsync(credentials.ClientOptions(host), cancellationToken).ConfigureAwait(false);
            return secure;
        }
        catch
        {
            await secure.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public void Dispose() => credentials?.Dispose();
}
