using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Millrace.Hosting;

namespace Millrace.Cluster.Security;

/// <summary>What <see cref="ClusterTlsOptions"/> name, read and checked: for both ends of a connection of the data plane, and for silos.</summary>
internal sealed class TlsCredentials : IDisposable
{
    private readonly X509Certificate2 _certificate;
    private readonly X509Certificate2Collection _intermediates = [];
    private readonly X509Certificate2Collection _authorities = [];
    private readonly SslStreamCertificateContext _context;
    private readonly bool _checkHostName;

    private TlsCredentials(ClusterTlsOptions options)
    {
        _checkHostName = options.CheckHostName;
        using (var loaded = X509Certificate2.CreateFromPemFile(options.CertificateFile!, KeyFileOf(options)))
        {
            // Through PKCS #12, because Windows refuses keys that are in memory alone.
            _certificate = X509CertificateLoader.LoadPkcs12(loaded.Export(X509ContentType.Pkcs12), null);
        }

        _authorities.ImportFromPemFile(options.CaFile!);
        if (_authorities.Count == 0)
        {
            throw new CryptographicException($"'{options.CaFile}' has no certificate in it.");
        }

        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(options.CertificateFile!);
        _intermediates.AddRange(chain.Skip(1).ToArray());

        // Offline: the chain is in the files, and a worker must start where there is no way to an authority's server.
        _context = SslStreamCertificateContext.Create(_certificate, _intermediates, offline: true);
    }

    /// <summary>Reads the files.</summary>
    /// <exception cref="MillraceException">MR6101: one of them is not there, or is not what it should be. The message names files and never what is in them.</exception>
    public static TlsCredentials Load(ClusterTlsOptions options)
    {
        (string Name, string? Path)[] files = [(nameof(options.CertificateFile), options.CertificateFile), (nameof(options.KeyFile), KeyFileOf(options)), (nameof(options.CaFile), options.CaFile)];
        foreach (var (name, path) in files)
        {
            if (string.IsNullOrEmpty(path))
            {
                throw new MillraceException("MR6101", $"TLS between workers is on, but {name} is not set: it takes a certificate, its key and the certificate of an authority, each as a PEM file.");
            }

            if (!File.Exists(path))
            {
                throw new MillraceException("MR6101", $"TLS between workers: the {name} '{path}' does not exist (in full: '{Path.GetFullPath(path)}').");
            }
        }

        try
        {
            return new TlsCredentials(options);
        }
        catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException or AuthenticationException)
        {
            throw new MillraceException(
                "MR6101",
                $"TLS between workers: the certificate '{options.CertificateFile}' with the key '{KeyFileOf(options)}' and the authority '{options.CaFile}' cannot be used: {error.Message}",
                error);
        }
    }

    /// <summary>This worker's certificate, with its key.</summary>
    public X509Certificate2 Certificate => _certificate;

    /// <summary>Whether the certificate of the other end comes from one of the authorities, and of no other that this machine may trust.</summary>
    /// <param name="remote">The certificate.</param>
    /// <param name="errors">What the handshake has found.</param>
    public bool IsTrusted(X509Certificate2? remote, SslPolicyErrors errors)
    {
        if (remote is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable) || (_checkHostName && errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)))
        {
            return false;
        }

        using var chain = new X509Chain { ChainPolicy = Policy() };
        return chain.Build(remote);
    }

    /// <summary>For the end that is dialed: it demands a certificate.</summary>
    public SslServerAuthenticationOptions ServerOptions() => new()
    {
        ServerCertificateContext = _context,
        ClientCertificateRequired = true,
        CertificateChainPolicy = Policy(),
        RemoteCertificateValidationCallback = (_, _, _, errors) => errors == SslPolicyErrors.None,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        AllowRenegotiation = false,

        // Connections are few and last long: each is validated anew.
        AllowTlsResume = false,
    };

    /// <summary>For the end that dials.</summary>
    /// <param name="host">Whom: what the other's certificate must be for, where host names are checked.</param>
    public SslClientAuthenticationOptions ClientOptions(string host)
    {
        var tolerated = _checkHostName ? SslPolicyErrors.None : SslPolicyErrors.RemoteCertificateNameMismatch;
        return new SslClientAuthenticationOptions
        {
            TargetHost = host,
            ClientCertificateContext = _context,
            CertificateChainPolicy = Policy(),
            RemoteCertificateValidationCallback = (_, _, _, errors) => (errors & ~tolerated) == SslPolicyErrors.None,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
            AllowTlsResume = false,
        };
    }

    public void Dispose()
    {
        _certificate.Dispose();
        foreach (var certificate in _intermediates.Concat(_authorities))
        {
            certificate.Dispose();
        }
    }

    private static string? KeyFileOf(ClusterTlsOptions options) => options.KeyFile ?? options.CertificateFile;

    // A policy of its own for each connection: the handshake adds to it what the other end has sent.
    private X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(_authorities);
        return policy;
    }
}
