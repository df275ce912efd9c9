using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Millrace.ClusterTests.Submitted;

/// <summary>The job of the tests of processes, as one that is submitted.</summary>
/// <param name="arguments">Where results go, how many orders there are, and how many of them come in a second.</param>
/// <param name="logger">Of a type of the program, as loggers are by custom.</param>
public sealed class TradesJob(string[] arguments, ILogger<TradesJob> logger) : IStreamJob
{
    /// <inheritdoc/>
    public void Build(StreamExecutionEnvironment env)
    {
        logger.Declares(arguments[0]);
        Trades.Build(env, arguments[0], long.Parse(arguments[1], CultureInfo.InvariantCulture), double.Parse(arguments[2], CultureInfo.InvariantCulture));
    }
}
