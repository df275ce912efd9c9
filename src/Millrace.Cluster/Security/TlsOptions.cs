namespace Millrace.Cluster.Security;

/// <summary>
/// TLS between workers, mutual: each end shows a certificate, and each end demands that the other's is of the same authority. Whoever has no such certificate is
/// no worker. All files are PEM, and are read once, when the worker starts.
/// </summary>
internal sealed class TlsOptions
{
    /// <summary>The file of this worker's certificate, followed by those between it and the authority, if there are any.</summary>
    /// <value>Must be set. The certificate must be good for servers and for clients, because a worker is both.</value>
    public string CertificateFile { get; set; } = "";

    /// <summary>The file of the certificate's private key, not encrypted.</summary>
    /// <value>Must be set.</value>
    public string KeyFile { get; set; } = "";

    /// <summary>The file of the authority's certificate, or of several. No other authority is trusted, those of the machine neither.</summary>
    /// <value>Must be set.</value>
    public string CaFile { get; set; } = "";

    /// <summary>Whether the certificate of a worker that is dialed must name the host that was dialed.</summary>
    /// <value>Default: <see langword="true"/>. Without it, all certificates of the authority are as good as each other, which is enough where it issues them to workers alone.</value>
    public bool CheckHostName { get; set; } = true;
}
