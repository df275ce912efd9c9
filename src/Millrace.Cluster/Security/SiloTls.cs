using System.Security.Authentication;
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
        if (tls.CertificateFile is null)
        {
            return;
        }

        var credentials = TlsCredentials.Load(tls);

        // The package registers with a builder; the options are not known before the host starts.
        var builder = new ConnectionBuilder();
        builder.Services.AddOptions();
        builder.UseTls(own =>
        {
            own.LocalCertificate = credentials.Certificate;
            own.SslProtocols = SslProtocols.Tls13 | SslProtocols.Tls12;
            own.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
            own.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
            own.CheckCertificateRevocation = false;
            own.RemoteCertificateValidation = (remote, _, errors) => credentials.IsTrusted(remote, errors);
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

    private sealed class ConnectionBuilder : ISiloBuilder
    {
        public IServiceCollection Services { get; } = new ServiceCollection();

        public IConfiguration Configuration { get; } = new ConfigurationManager();
    }
}
