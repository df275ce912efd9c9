using System.Net;
using System.Net.Sockets;
using Millrace.Checkpointing;

namespace Millrace.Storage.S3.Tests;

/// <summary>A store that says that it has not understood, and not why.</summary>
public sealed class MisunderstoodRequestTests
{
    [Theory]
    [InlineData(1, typeof(FileNotFoundException), 2)]
    [InlineData(2, typeof(IOException), 2)]
    public async Task It_is_asked_once_more(int misunderstood, Type error, int requests)
    {
        using var listener = Listen(out string address);
        int seen = 0;
        var serving = Task.Run(async () =>
        {
            while (listener.IsListening)
            {
                var request = await listener.GetContextAsync();
                request.Response.StatusCode = (int)(++seen <= misunderstood ? HttpStatusCode.BadRequest : HttpStatusCode.NotFound);
                request.Response.Close();
            }
        }, TestContext.Current.CancellationToken);
        using var storage = new S3CheckpointStorage(new S3CheckpointStorageOptions { Bucket = "bucket", ServiceUrl = new Uri(address), AccessKey = "a", SecretKey = "b" });

        Assert.Throws(error, () => storage.OpenRead("nothing", TestContext.Current.CancellationToken));
        Assert.Equal(requests, seen);
        listener.Stop();
        await Assert.ThrowsAnyAsync<Exception>(() => serving);
    }

    // A port that is free now need not be free a moment later.
    private static HttpListener Listen(out string address)
    {
        while (true)
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            address = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/";
            probe.Stop();
            var listener = new HttpListener();
            listener.Prefixes.Add(address);
            try
            {
                listener.Start();
                return listener;
            }
            catch (HttpListenerException)
            {
                listener.Close();
            }
        }
    }
}
