using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using Millrace.Runtime.Clustering;

namespace Millrace.Cluster.DataPlane;

/// <summary>Makes connections to other workers.</summary>
internal sealed class Dialer(DataPlaneOptions options, Transport transport, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    // The system asks again after 1, 3 and 7 s. Whoever begins to dial while the network is cut would come through up to four seconds after the cut is over.
    private static readonly TimeSpan LongestAttempt = TimeSpan.FromSeconds(1);

    /// <summary>Dials until the connection has its socket or is given up. Does not throw.</summary>
    /// <param name="connection">The connection; its own timeout ends the attempts.</param>
    /// <param name="worker">Whom to dial.</param>
    /// <param name="address">Where, if not at the worker's address.</param>
    /// <param name="hello">What to say.</param>
    /// <param name="again">Whether a worker that refuses may not listen yet, so that it is dialed again. One that does not answer at all is in any case.</param>
    public async Task DialAsync(TcpConnection connection, WorkerInfo worker, IPEndPoint? address, Hello hello, bool again)
    {
        Socket? socket = null;
        Stream? stream = null;
        bool isHanded = false;
        var cancellationToken = connection.ConnectingToken;
        try
        {
            socket = await ConnectAsync(connection, worker, address, again).ConfigureAwait(false);
            stream = await transport.ConnectedAsync(socket, worker.Host, cancellationToken).ConfigureAwait(false);
            await Handshake.WriteAsync(stream, hello, cancellationToken).ConfigureAwait(false);
            connection.Obstacle = "it has taken the connection, but has not opened its end";
            var reply = await Handshake.ReadReplyAsync(stream, cancellationToken).ConfigureAwait(false);
            if (reply.Refusal is { } refusal)
            {
                connection.Fail(new IOException($"worker {worker} refuses it: {refusal}"), goodbye: null);
            }
            else
            {
                string description = $"tcp, {Transport.Describe(socket.LocalEndPoint)} to {Transport.Describe(socket.RemoteEndPoint)}";
                if (connection.Attach(socket, stream, options.Compression || reply.Compress, description))
                {
                    isHanded = true;
                    Log.Connected(logger, $"{worker}", description);
                }
            }
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // Given up, and whoever opened it knows why.
        }
        catch (Exception error)
        {
            connection.Fail(new IOException(Describe(error, worker), error), goodbye: null);
        }
        finally
        {
            if (!isHanded)
            {
                stream?.Dispose();
                socket?.Dispose();
                connection.GiveUpConnecting();
            }
        }
    }

    private static string Describe(Exception error, WorkerInfo worker) => error switch
    {
        SocketException => $"worker {worker} cannot be reached: {error.Message}",
        AuthenticationException => $"worker {worker} has not shown that it is one: {(error.InnerException ?? error).Message}",
        InvalidDataException => $"worker {worker} does not answer as a worker does: {error.Message}",
        IOException => $"worker {worker} has closed it while it was being made, and its log says why",
        _ => $"worker {worker} cannot be connected with: {error.Message}",
    };

    private async Task<Socket> ConnectAsync(TcpConnection connection, WorkerInfo worker, IPEndPoint? address, bool again)
    {
        var cancellationToken = connection.ConnectingToken;
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            var socket = Transport.Create(address?.Address.ToString() ?? worker.Host);
            try
            {
                await AttemptAsync(socket, worker, address, cancellationToken).ConfigureAwait(false);
                return socket;
            }
            catch (TimeoutException error)
            {
                socket.Dispose();
                connection.Obstacle = error.Message;
                continue;
            }
            catch (SocketException error) when (again)
            {
                socket.Dispose();
                connection.Obstacle = error.Message;
            }
            catch
            {
                socket.Dispose();
                throw;
            }

            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task AttemptAsync(Socket socket, WorkerInfo worker, IPEndPoint? address, CancellationToken cancellationToken)
    {
        // Looking a name up has no part in the limit: where a name server does not answer, the system asks the next one after some seconds only.
        IPAddress[] addresses = address is null ? await Dns.GetHostAddressesAsync(worker.Host, cancellationToken).ConfigureAwait(false) : [address.Address];
        using var limit = new CancellationTokenSource(LongestAttempt, time);
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await socket.ConnectAsync(addresses, address?.Port ?? worker.Port, attempt.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"its machine has not answered an attempt to connect for {LongestAttempt.TotalSeconds} s");
        }
    }
}
