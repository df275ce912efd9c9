using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Millrace.Cluster.Coordination;
using Orleans.Configuration;
using StackExchange.Redis;

namespace Millrace.Cluster.Membership;

/// <summary>Membership and records in Redis, over one connection.</summary>
internal sealed class RedisStore : IMembershipStore, IAsyncDisposable
{
    private readonly ConfigurationOptions _options;
    private readonly string _clusterId;
    private IConnectionMultiplexer? _connection;
    private ServiceProvider? _services;

    public RedisStore(string connectionString, string clusterId)
    {
        try
        {
            _options = ConfigurationOptions.Parse(connectionString);
        }
        catch (ArgumentException error)
        {
            throw new MillraceException("MR6001", $"Millrace:Cluster:Membership:ConnectionString is none of Redis: {error.Message}", error);
        }

        _clusterId = clusterId;
        Records = new RedisJobRecords(() => Connection.GetDatabase(), clusterId);
    }

    public string Description => $"Redis at {string.Join(", ", _options.EndPoints)}";

    public IJobRecordStore Records { get; }

    private IConnectionMultiplexer Connection => _connection ?? throw new InvalidOperationException("The store has not been prepared.");

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        try
        {
            _connection ??= await ConnectionMultiplexer.ConnectAsync(_options).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (RedisException error)
        {
            throw new MillraceException("MR6003", $"{Description}, through which workers are to find each other, cannot be reached: {error.Message}", error);
        }
    }

    public IMembershipTable CreateTable(ClusterOptions cluster, IServiceProvider services)
    {
        // The table's class is not public; what registers it wants a builder of a silo, and the choice of the store is made later than that.
        var builder = new TableBuilder();
        builder.Services.AddOptions();
        builder.Services.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (cluster.ClusterId, cluster.ServiceId));
        builder.UseRedisClustering(options =>
        {
            options.ConfigurationOptions = _options;
            options.CreateMultiplexer = _ => Task.FromResult((Connection, false));
            options.CreateRedisKey = _ => $"millrace/{_clusterId}/members";
        });
        _services = builder.Services.BuildServiceProvider();
        return _services.GetRequiredService<IMembershipTable>();
    }

    public async ValueTask DisposeAsync()
    {
        if (_services is not null)
        {
            await _services.DisposeAsync().ConfigureAwait(false);
        }

        if (_connection is not null)
        {
            await _connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private sealed class TableBuilder : ISiloBuilder
    {
        public IServiceCollection Services { get; } = new ServiceCollection();

        public IConfiguration Configuration { get; } = new ConfigurationManager();
    }
}
