using Millrace.Hosting;

namespace Millrace.Cluster.DataPlane;

/// <summary>Where and how a worker takes and makes connections to others.</summary>
internal sealed class DataPlaneOptions
{
    /// <summary>Names the cluster. Workers of another one are refused, so that two clusters that share addresses or stores by mistake do not mix. No secret.</summary>
    /// <value>Default: <c>default</c>.</value>
    public string ClusterId { get; set; } = "default";

    /// <summary>The address to listen at.</summary>
    /// <value>Default: <c>127.0.0.1</c>, this machine alone. Whoever can reach the port can, without <see cref="Tls"/>, pass for a worker.</value>
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>The port to listen at.</summary>
    /// <value>Default: 0, any that is free.</value>
    public int Port { get; set; }

    /// <summary>How long a connection may take until the other worker is there and has opened it too.</summary>
    /// <value>Default: 10 s. Two workers open it when the coordinator's order reaches them, which is a matter of milliseconds; a worker that has to build its graph first may take seconds.</value>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether frames of more than 512 bytes are compressed (LZ4) where that makes them smaller. One end's wish is enough for both directions.</summary>
    /// <value>Default: <see langword="false"/>. It pays where the network is slower than about 300 MB/s.</value>
    public bool Compression { get; set; }

    /// <summary>TLS with certificates at both ends; <see langword="null"/> for none.</summary>
    /// <value>Default: <see langword="null"/>.</value>
    public ClusterTlsOptions? Tls { get; set; }
}
