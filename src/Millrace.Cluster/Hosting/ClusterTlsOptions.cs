namespace Millrace.Hosting;

/// <summary>Certificates for the connections between workers. Both ends show one (mutual TLS), and each must be signed by the given authority.</summary>
public sealed class ClusterTlsOptions
{
    /// <summary>The worker's certificate, with those between it and the authority, as PEM.</summary>
    /// <value>Default: <see langword="null"/>: no TLS.</value>
    public string? CertificateFile { get; set; }

    /// <summary>The private key of the certificate, as PEM without a password.</summary>
    /// <value>Default: <see langword="null"/>: it stands in <see cref="CertificateFile"/>.</value>
    public string? KeyFile { get; set; }

    /// <summary>The authorities that must have signed the other worker's certificate, as PEM.</summary>
    /// <value>Needed with a certificate. The machine's own authorities do not count: they would let anyone in who has a certificate of a public one.</value>
    public string? CaFile { get; set; }

    /// <summary>Whether the certificate of a worker that is dialled must be for the address or name that it is dialled by.</summary>
    /// <value>Default: <see langword="true"/>.</value>
    public bool CheckHostName { get; set; } = true;
}
