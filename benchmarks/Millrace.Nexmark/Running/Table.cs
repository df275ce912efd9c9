using System.Globalization;

namespace Millrace.Nexmark.Running;

/// <summary>Writes figures as lines of a table.</summary>
internal sealed class Table(TextWriter output)
{
    public void WriteHead() => output.WriteLine(
        $"{"query",-6} {"K events/s",11} {"cores",6} {"K/s/core",9} {"gen",9} {"hand",9} {"ratio",6} {"net",6} {"B/event",8} {"gc max",7} {"gc sum",8} {"peak MB",8} {"p50 ms",8} {"p99 ms",8} {"p99.9 ms",8} {"checkpoints ms",-20} {"results",12}");

    public void Write(Figures figures)
    {
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{figures.Query,-6} {figures.EventsPerSecond / 1e3,11:N0} {figures.Cores,6:0.00} {figures.EventsPerSecondPerCore / 1e3,9:N0} {figures.GeneratorEventsPerSecondPerCore / 1e3,9:N0} {figures.HandWrittenEventsPerSecondPerCore / 1e3,9:N0} {figures.Ratio,6:0.00} {figures.NetRatio,6:0.00} {figures.AllocatedBytesPerEvent,8:0.0} {figures.MaxGcPauseMs,7:0.0} {figures.TotalGcPauseMs,8:0.0} {figures.PeakMemoryMb,8:0} {figures.LatencyP50Ms,8:0.00} {figures.LatencyP99Ms,8:0.00} {figures.LatencyP999Ms,8:0.00} {string.Join(' ', figures.CheckpointMs.Select(ms => ms.ToString("0", CultureInfo.InvariantCulture))),-20} {figures.Results,12:N0}"));
    }
}
