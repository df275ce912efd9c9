using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Millrace.Cluster.Security;
using Millrace.Hosting;

namespace Millrace.Cluster.Tests.Processes;

/// <summary>Workers that show each other certificates.</summary>
[Collection(nameof(Processes))]
public sealed class TlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-tls-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Workers_with_certificates_of_one_authority_work_together_and_nobody_else_gets_in()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows knows no signals.");
        string ca = WriteAuthority("ours", out var authority);
        string otherCa = WriteAuthority("theirs", out var otherAuthority);
        string good = WriteCertificate("good", authority, IPAddress.Loopback);
        string foreign = WriteCertificate("foreign", otherAuthority, IPAddress.Loopback);
        await using var scene = new ClusterScene([("Membership:Kind", "Directory"), ("Membership:Directory", Path.Combine(_folder, "store"))], _folder);

        WorkerProcess[] workers = [scene.Start("a", more: Tls(good, ca)), scene.Start("b", more: Tls(good, ca))];
        foreach (var worker in workers)
        {
            await worker.SeeWorkersAsync(0, workers);
        }

        Assert.Contains(" term 1 ", await workers[1].AskAsync("status"), StringComparison.Ordinal);

        // One of another authority, one that trusts another, and one without TLS: each sees that it is alone, and is seen by nobody.
        WorkerProcess[] strangers =
        [
            scene.Start("foreign", more: Tls(foreign, ca)),
            scene.Start("trustful", more: Tls(foreign, otherCa)),
            scene.Start("plain"),
        ];
        foreach (var stranger in strangers)
        {
            await stranger.SeeLogAsync("Failed to get ping responses");
            Assert.DoesNotContain(stranger.Lines, line => line.StartsWith("ready ", StringComparison.Ordinal));
        }

        Assert.All(workers, worker => Assert.Equal("a,b", worker.View));
        Assert.Contains(" term 1 ", await workers[0].AskAsync("status"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_is_trusted_when_the_given_authority_has_signed_it_and_it_is_for_the_address()
    {
        string ca = WriteAuthority("ours", out var authority);
        WriteAuthority("theirs", out var otherAuthority);
        string certificate = WriteCertificate("good", authority, IPAddress.Loopback);
        using var ours = X509CertificateLoader.LoadCertificateFromFile(certificate);
        using var theirs = X509CertificateLoader.LoadCertificateFromFile(WriteCertificate("foreign", otherAuthority, IPAddress.Loopback));
        using var strict = TlsCredentials.Load(new ClusterTlsOptions { CertificateFile = certificate, KeyFile = certificate + ".key", CaFile = ca });
        using var lenient = TlsCredentials.Load(new ClusterTlsOptions { CertificateFile = certificate, KeyFile = certificate + ".key", CaFile = ca, CheckHostName = false });

        // That the machine does not know the authority is what is expected.
        Assert.True(strict.IsTrusted(ours, SslPolicyErrors.RemoteCertificateChainErrors));
        Assert.False(strict.IsTrusted(theirs, SslPolicyErrors.None));
        Assert.False(strict.IsTrusted(ours, SslPolicyErrors.RemoteCertificateNameMismatch));
        Assert.True(lenient.IsTrusted(ours, SslPolicyErrors.RemoteCertificateNameMismatch));
        Assert.False(lenient.IsTrusted(null, SslPolicyErrors.RemoteCertificateNotAvailable));
    }

    private static string[] Tls(string certificate, string ca) =>
        [$"--Millrace:Cluster:Tls:CertificateFile={certificate}", $"--Millrace:Cluster:Tls:KeyFile={certificate}.key", $"--Millrace:Cluster:Tls:CaFile={ca}"];

    private string WriteAuthority(string name, out X509Certificate2 authority)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        authority = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(2));
        string path = Path.Combine(_folder, name + ".ca");
        File.WriteAllText(path, authority.ExportCertificatePem());
        return path;
    }

    private string WriteCertificate(string name, X509Certificate2 authority, IPAddress address)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(address);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(authority, TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1), RandomNumberGenerator.GetBytes(8));
        string path = Path.Combine(_folder, name + ".pem");
        File.WriteAllText(path, certificate.ExportCertificatePem());
        File.WriteAllText(path + ".key", key.ExportPkcs8PrivateKeyPem());
        return path;
    }
}
