using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Millrace.Cluster.DataPlane;
using Millrace.Cluster.Security;
using Millrace.Hosting;
using Millrace.Runtime.Clustering;

namespace Millrace.Cluster.Tests.DataPlane;

/// <summary>Connections over TLS: whoever has no certificate of the authority is no worker.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Workers_with_certificates_of_one_authority_exchange_frames(bool compression)
    {
        await using TestWorker a = new("a", options => (options.Tls, options.Compression) = (_certificates.Issue("a"), compression));
        await using TestWorker b = new("b", options => options.Tls = _certificates.Issue("b"));
        var (first, atFirst, second, atSecond) = TestWorker.Connect(a, b);
        var random = new Random(3);
        for (int i = 0; i < 200; i++)
        {
            byte[] bytes = new byte[random.Next(i % 20 == 0 ? 500_000 : 2_000)];
            random.NextBytes(bytes.AsSpan(bytes.Length / 2));
            first.Send(TestWorker.Frame(bytes));
            second.Send(TestWorker.Frame(bytes));
            Assert.Equal(bytes, await atSecond.NextAsync());
            Assert.Equal(bytes, await atFirst.NextAsync());
        }

        first.Break(new IOException("done"));
        Assert.Equal("the other end has broken it: done", (await atSecond.BreakAsync()).Message);
        Assert.Contains(a.Log.All, line => line.EndsWith(", with TLS.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_worker_of_another_authority_is_no_worker()
    {
        await using TestWorker ours = new("a", options => options.Tls = _certificates.Issue("a"));
        await using TestWorker theirs = new("b", options => options.Tls = _certificates.Issue("b", authority: "theirs"));

        // Neither takes the other for one, whoever dials.
        Assert.Contains(" has not shown that it is one: ", (await DialAsync(ours, theirs)).Message, StringComparison.Ordinal);
        Assert.Contains(" has not shown that it is one: ", (await DialAsync(theirs, ours)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_trusts_this_worker_but_is_not_trusted_by_it_is_refused()
    {
        await using TestWorker ours = new("a", options => options.Tls = _certificates.Issue("a"));
        var options = _certificates.Issue("b", authority: "theirs");
        options.CaFile = _certificates.PathOf("ours.pem");
        await using TestWorker theirs = new("b", settings => settings.Tls = options);
        await DialAsync(theirs, ours);
        Assert.Matches(@"^A connection from 127\.0\.0\.1:\d+ was closed: TLS: .+\.$", await ours.Log.WarningAsync());
    }

    [Fact]
    public async Task Whoever_shows_no_certificate_is_refused()
    {
        await using TestWorker worker = new("a", options => options.Tls = _certificates.Issue("a"));
        using var socket = await worker.DialAsync();
        await using var stream = new SslStream(new NetworkStream(socket));
        var error = await Record.ExceptionAsync(async () =>
        {
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "127.0.0.1", RemoteCertificateValidationCallback = (_, _, _, _) => true }, TestContext.Current.CancellationToken);
            await Handshake.WriteAsync(stream, new Hello("test", "a", worker.Info, null, new ControlConnectionKey("job", "sales", 1), false), CancellationToken.None);
            await Handshake.ReadReplyAsync(stream, CancellationToken.None);
        });
        Assert.True(error is IOException or AuthenticationException, $"{error}");
        Assert.Matches(@"^A connection from 127\.0\.0\.1:\d+ was closed: TLS: .+\.$", await worker.Log.WarningAsync());
    }

    [Fact]
    public async Task A_worker_without_TLS_and_one_with_it_do_not_connect()
    {
        await using TestWorker secure = new("a", options => options.Tls = _certificates.Issue("a"));
        await using TestWorker plain = new("b");
        await DialAsync(plain, secure);
        Assert.Contains("was closed: TLS: ", await secure.Log.WarningAsync(), StringComparison.Ordinal);
        await DialAsync(secure, plain);
        Assert.Contains("was closed: it begins with the bytes 16030", await plain.Log.WarningAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_host_must_be_that_of_the_certificate_unless_the_option_says_otherwise(bool check)
    {
        await using TestWorker worker = new("b", options => options.Tls = _certificates.Issue("b", host: "elsewhere.example"));
        await using TestWorker coordinator = new("a", options =>
        {
            options.Tls = _certificates.Issue("a");
            options.Tls.CheckHostName = check;
        });
        var recorder = new Recorder();
        coordinator.Plane.OpenControl(worker.Info, new ControlConnectionKey("job", "sales", 1)).Start(recorder);
        if (check)
        {
            Assert.Contains(" has not shown that it is one: ", (await recorder.BreakAsync()).Message, StringComparison.Ordinal);
        }
        else
        {
            (await worker.AcceptedAsync()).Connection.Send(TestWorker.Frame("good"u8));
            Assert.Equal("good"u8.ToArray(), await recorder.NextAsync());
        }
    }

    [Fact]
    public void Files_that_cannot_be_used_are_an_error_that_names_them_and_not_what_is_in_them()
    {
        var good = _certificates.Issue("a");
        File.WriteAllText(_certificates.PathOf("rubbish"), "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n");
        ClusterTlsOptions[] bad =
        [
            new() { CertificateFile = good.CertificateFile, KeyFile = good.KeyFile },
            new() { CertificateFile = _certificates.PathOf("missing"), KeyFile = good.KeyFile, CaFile = good.CaFile },
            new() { CertificateFile = good.CertificateFile, KeyFile = _certificates.PathOf("rubbish"), CaFile = good.CaFile },
            new() { CertificateFile = good.CertificateFile, KeyFile = _certificates.Issue("b").KeyFile, CaFile = good.CaFile },
            new() { CertificateFile = good.CertificateFile, KeyFile = good.KeyFile, CaFile = good.KeyFile },
        ];
        string[] parts = ["CaFile is not set", "the CertificateFile '", "rubbish'", "b.key'", "has no certificate in it"];
        foreach (var (options, part) in bad.Zip(parts))
        {
            var error = Assert.Throws<MillraceException>(() => TlsCredentials.Load(options));
            Assert.Equal("MR6101", error.Code);
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", $"{error}", StringComparison.Ordinal);
        }
    }

    /// <summary>Dials, and returns why that came to nothing.</summary>
    private static async Task<Exception> DialAsync(TestWorker from, TestWorker to)
    {
        var recorder = new Recorder();
        from.Plane.OpenControl(to.Info, new ControlConnectionKey("job", "sales", 1)).Start(recorder);
        return await recorder.BreakAsync();
    }
}
