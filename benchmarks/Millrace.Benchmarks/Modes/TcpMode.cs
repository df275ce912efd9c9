using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Millrace.Benchmarks.Harness;
using Millrace.Benchmarks.Parts;
using Millrace.Hosting;

namespace Millrace.Benchmarks.Modes;

/// <summary>Measures the exchange of 40-byte records by key between two workers over TCP, beside the exchange inside a process.</summary>
internal sealed class TcpMode(TextWriter output)
{
    private const long Million = 1 << 20;
    private const int Rounds = 5;

    public async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("millrace-tcp");
        try
        {
            var tls = Issue(folder.FullName);
            await output.WriteLineAsync(Machine.Describe()).ConfigureAwait(false);
            await output.WriteLineAsync($"{"exchange by key, records of 40 bytes",-44} {"ns/record",9} {"M rec/s",8} {"CPU ns",8} {"B/record",9}").ConfigureAwait(false);
            (string Name, Part Part, long Records)[] parts =
            [
                ("in a process, 2 → 2", new HashExchange(2), 32 * Million),
                ("TCP, 1 → 1", new TcpExchange(1, static _ => { }), 8 * Million),
                ("TCP, 2 → 2", new TcpExchange(2, static _ => { }), 8 * Million),
                ("TCP, 2 → 2, LZ4", new TcpExchange(2, static options => options.Compression = true), 8 * Million),
                ("TCP, 2 → 2, TLS", new TcpExchange(2, options => options.Tls = tls), 8 * Million),
                ("TCP, 2 → 2, LZ4 and TLS", new TcpExchange(2, options => (options.Compression, options.Tls) = (true, tls)), 8 * Million),
            ];
            foreach (var (name, part, records) in parts)
            {
                await MeasureAsync(name, part, records).ConfigureAwait(false);
                part.Dispose();
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task MeasureAsync(string name, Part part, long records)
    {
        var (best, cpu, bytes) = (double.MaxValue, 0.0, 0.0);
        for (int round = 0; round <= Rounds; round++)
        {
            long allocated = GC.GetTotalAllocatedBytes(precise: true);
            var busy = Environment.CpuUsage.TotalTime;
            long start = Stopwatch.GetTimestamp();
            await part.RunAsync(records).ConfigureAwait(false);
            double nanoseconds = Stopwatch.GetElapsedTime(start).TotalNanoseconds / records;
            if (round > 0 && nanoseconds < best)
            {
                best = nanoseconds;
                cpu = (Environment.CpuUsage.TotalTime - busy).TotalNanoseconds / records;
                bytes = (double)(GC.GetTotalAllocatedBytes(precise: true) - allocated) / records;
            }
        }

        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{name,-44} {best,9:0.0} {1e3 / best,8:0.00} {cpu,8:0.0} {bytes,9:0.000}")).ConfigureAwait(false);
    }

    /// <summary>A certificate for loopback and the authority that has signed it, as files.</summary>
    private static ClusterTlsOptions Issue(string folder)
    {
        var from = new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var to = from.AddYears(100);
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest("CN=benchmark authority", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var authority = authorityRequest.CreateSelfSigned(from, to);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=worker", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(authority, from, to, [1]);
        var options = new ClusterTlsOptions { CertificateFile = Path.Combine(folder, "worker.pem"), KeyFile = Path.Combine(folder, "worker.key"), CaFile = Path.Combine(folder, "ca.pem") };
        File.WriteAllText(options.CertificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(options.KeyFile, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(options.CaFile, authority.ExportCertificatePem());
        return options;
    }
}
