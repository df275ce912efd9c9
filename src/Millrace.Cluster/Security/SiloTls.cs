using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Millrace.Cluster.Hosting;
using Orleans.Configuration;
using Orleans.Connections.Security;

namespace Millrace.Cluster.Security;

/// <summary>Mutual TLS between silos.</summary>
internal static class SiloTls
{
    public static void Configure(SiloConnectionOptions options, ClusterSettings settings)
    {
        var tls = settings.Options.Tls;
        if (tls.CertificateFile is not { } certificateFile)
        {
            return;
        }

        X509Certificate2 certificate;
        var authorities = new X509Certificate2Collection();
        try
        {
            using var loaded = X509Certificate2.CreateFromPemFile(certificateFile, tls.KeyFile ?? certificateFile);

            // Through PKCS #12, because Windows refuses keys that are in memory alone.
            certificate = X509CertificateLoader.LoadPkcs12(loaded.Export(X509ContentType.Pkcs12), null);
            authorities.ImportFromPemFile(tls.CaFile!);
        }
        catch (Exception error) when (error is System.Security.Cryptography.CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new MillraceException("MR6001", $"Millrace:Cluster:Tls: {certificateFile} with its key {tls.KeyFile ?? certificateFile} and the authorities of {tls.CaFile} cannot be used: {error.Message}", error);
        }

        // The package registers with a builder; the options are not known before the host starts.
        var builder = new ConnectionBuilder();
        builder.Services.AddOptions();
        builder.UseTls(own =>
        {
            own.LocalCertificate = certificate;
            own.SslProtocols = SslProtocols.Tls13 | SslProtocols.Tls12;
            own.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
            own.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
            own.CheckCertificateRevocation = false;
            own.RemoteCertificateValidation = (remote, _, errors) => IsTrusted(remote, errors, authorities, tls.CheckHostName);
            own.OnAuthenticateAsClient = (connection, client) =>
            {
                client.TargetHost = (connection.RemoteEndPoint as System.Net.IPEndPoint)?.Address.ToString() ?? "";
            };
        });
        using var provider = builder.Services.BuildServiceProvider();
        foreach (var configure in provider.GetServices<IConfigureOptions<SiloConnectionOptions>>())
        {
            configure.Configure(options);
        }
    }

    /// <summary>Whether the certificate of the other end comes from one of the authorities, and of no other that this machine may trust.</summary>
    internal static bool IsTrusted(X509Certificate2? remote, SslPolicyErrors errors, X509Certificate2Collection authorities, bool checkHostName)
    {
        if (remote is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable) || (checkHostName && errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)))
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(remote);
    }

    private sealed class ConnectionBuilder : ISiloBuilder
    {
        public IServiceCollection Services { get; } = new ServiceCollection();

        public IConfiguration Configuration { get; } = new ConfigurationManager();
    }
}
