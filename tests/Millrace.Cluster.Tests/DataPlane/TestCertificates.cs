using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Millrace.Hosting;

namespace Millrace.Cluster.Tests.DataPlane;

/// <summary>Certificates of authorities that exist for one test, as files.</summary>
internal sealed class TestCertificates : IDisposable
{
    private static readonly DateTimeOffset From = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset To = new(2200, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("millrace-tls");
    private readonly Dictionary<string, X509Certificate2> _authorities = [];
    private byte _serial;

    public string PathOf(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>Writes the certificate of a worker.</summary>
    /// <param name="name">The beginning of its files' names.</param>
    /// <param name="authority">The authority that signs it.</param>
    /// <param name="host">The host that it is for: 127.0.0.1, unless given.</param>
    public ClusterTlsOptions Issue(string name, string authority = "ours", string? host = null)
    {
        var issuer = Authority(authority);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (host is null)
        {
            names.AddIpAddress(IPAddress.Loopback);
        }
        else
        {
            names.AddDnsName(host);
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        using var certificate = request.Create(issuer, From, To, [++_serial]);
        File.WriteAllText(PathOf($"{name}.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(PathOf($"{name}.key"), key.ExportPkcs8PrivateKeyPem());
        return new ClusterTlsOptions { CertificateFile = PathOf($"{name}.pem"), KeyFile = PathOf($"{name}.key"), CaFile = PathOf($"{authority}.pem") };
    }

    public void Dispose()
    {
        foreach (var authority in _authorities.Values)
        {
            authority.Dispose();
        }

        _folder.Delete(recursive: true);
    }

    private X509Certificate2 Authority(string name)
    {
        if (_authorities.TryGetValue(name, out var known))
        {
            return known;
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=authority {name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        var authority = request.CreateSelfSigned(From, To);
        File.WriteAllText(PathOf($"{name}.pem"), authority.ExportCertificatePem());
        return _authorities[name] = authority;
    }
}
