using System.Threading.Channels;
using k8s;
using Microsoft.Extensions.Time.Testing;
using Millrace.Cluster.Replicas;
using Millrace.Cluster.Tests.DataPlane;

namespace Millrace.Cluster.Tests.Replicas;

/// <summary>The number of workers, as it is read and set in Kubernetes: against an API server that does what it should, and what it may.</summary>
public sealed class ReplicaDriverTests : IAsyncLifetime
{
    private const string Scale = "/apis/apps/v1/namespaces/streams/statefulsets/orders/scale";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();
    private readonly RecordedLog _log = new();
    private FakeScaleApi _api = null!;
    private Kubernetes _client = null!;
    private int? _slots = 12;
    private bool _isMine = true;

    public async ValueTask InitializeAsync()
    {
        _api = await FakeScaleApi.StartAsync();
        _client = new Kubernetes(new KubernetesClientConfiguration { Host = _api.Url });
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task What_jobs_need_becomes_the_number_of_replicas()
    {
        var driver = Driver();
        Assert.True(await LookAsync(driver));
        Assert.Equal(6, _api.Replicas);
        Assert.Equal(
            [$"GET {Scale}", $"PATCH {Scale} application/merge-patch+json " + """{"metadata":{"resourceVersion":"1"},"spec":{"replicas":6}}"""], _api.Calls);
        Assert.Contains(_log.All, line => line.StartsWith("StatefulSet streams/orders: 3 → 6 workers. 'orders' should have 12:", StringComparison.Ordinal));

        // It is right: it is read, and left alone.
        Assert.True(await LookAsync(driver));
        Assert.Equal(3, _api.Calls.Count);
    }

    [Fact]
    public async Task Fewer_come_after_the_delay_and_from_none_too()
    {
        var driver = Driver();
        _slots = 2;
        Assert.True(await LookAsync(driver));
        _time.Advance(TimeSpan.FromMinutes(59));
        Assert.True(await LookAsync(driver));
        Assert.Equal(3, _api.Replicas);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(await LookAsync(driver));
        Assert.Equal(1, _api.Replicas);

        // Somebody has set it to none, of which the server says nothing at all.
        _api.SetReplicas(0);
        Assert.True(await LookAsync(driver));
        Assert.Equal(1, _api.Replicas);
        Assert.Empty(_log.Warnings);
    }

    [Fact]
    public async Task Who_is_not_the_one_does_nothing_and_knows_nothing_when_it_becomes_it()
    {
        _slots = 2;
        _isMine = false;
        var driver = Driver();
        Assert.True(await LookAsync(driver));
        Assert.Empty(_api.Calls);
        _isMine = true;
        Assert.True(await LookAsync(driver));
        _time.Advance(TimeSpan.FromMinutes(30));
        _isMine = false;
        Assert.True(await LookAsync(driver));
        _isMine = true;
        _time.Advance(TimeSpan.FromMinutes(40));
        Assert.True(await LookAsync(driver));

        // An hour since it looked first, but it has not been the one for all of it.
        Assert.Equal(3, _api.Replicas);
        _time.Advance(TimeSpan.FromMinutes(60));
        Assert.True(await LookAsync(driver));
        Assert.Equal(1, _api.Replicas);
    }

    [Fact]
    public async Task Somebody_else_who_writes_at_the_same_time_is_not_overwritten()
    {
        // Between reading and writing: 8 are more than are needed, and stay.
        _api.Comes = method =>
        {
            if (method == "PATCH")
            {
                _api.Comes = null;
                _api.SetReplicas(8);
            }
        };
        Assert.True(await LookAsync(Driver()));
        Assert.Equal(8, _api.Replicas);
        Assert.Equal(["GET", "PATCH", "GET"], _api.Calls.Select(call => call.Split(' ')[0]));
        Assert.Contains(_log.All, line => line.Contains("somebody else", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Somebody_who_writes_again_and_again_is_left_until_the_next_look()
    {
        _api.Comes = method => _api.SetReplicas(method == "PATCH" ? 4 : _api.Replicas);
        Assert.True(await LookAsync(Driver()));
        Assert.Equal(4, _api.Replicas);
        Assert.Equal(6, _api.Calls.Count);
    }

    [Theory]
    [InlineData(403, "may not get statefulsets/scale of StatefulSet streams/orders. Give its role")]
    [InlineData(401, "may not get statefulsets/scale")]
    [InlineData(404, "There is no StatefulSet streams/orders. Set Millrace:Cluster:Autoscaler:Replicas:StatefulSet")]
    [InlineData(500, "answers 500")]
    [InlineData(503, "answers 503")]
    public async Task An_error_is_said_once_with_what_to_do_and_changes_nothing(int status, string message)
    {
        var driver = Driver();
        _api.Status = status;
        Assert.False(await LookAsync(driver));
        Assert.False(await LookAsync(driver));
        Assert.Contains(message, Assert.Single(_log.Warnings), StringComparison.Ordinal);
        Assert.All(_api.Calls, call => Assert.StartsWith("GET ", call, StringComparison.Ordinal));
        Assert.Equal(3, _api.Replicas);

        _api.Status = null;
        Assert.True(await LookAsync(driver));
        Assert.Equal(6, _api.Replicas);

        // One that comes again after it was well is said again.
        _api.Status = status;
        Assert.False(await LookAsync(driver));
        Assert.Equal(2, _log.Warnings.Count);
    }

    [Fact]
    public async Task A_right_to_read_alone_is_not_enough_and_is_said()
    {
        _api.Comes = method => _api.Status = method == "PATCH" ? 403 : null;
        Assert.False(await LookAsync(Driver()));
        Assert.Contains("may not patch statefulsets/scale", Assert.Single(_log.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_given_up_after_a_time()
    {
        _api.IsSilent = true;
        var came = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _api.Comes = _ => came.TrySetResult();
        var looking = LookAsync(Driver());
        await came.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.False(looking.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.False(await looking);
        Assert.Contains("has not answered within 00:00:05", Assert.Single(_log.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_away_is_said_to_be()
    {
        await _api.DisposeAsync();
        Assert.False(await LookAsync(Driver()));
        Assert.Contains("cannot be reached", Assert.Single(_log.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_errors_it_waits_longer_and_longer_and_then_as_before()
    {
        int looks = 0;
        var time = new PausesTime();
        var driver = new ReplicaDriver(
            Planner,
            new Broken(() => ++looks <= 7 ? throw new ReplicaScaleException("away", new IOException()) : 6),
            () => true,
            _ => Task.FromResult<IReadOnlyList<(string, int?)>>([("orders", 12)]),
            Interval,
            time,
            _log);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var running = driver.RunAsync(stop.Token);
        var pauses = new List<double>();
        while (pauses.Count < 9)
        {
            var pause = await time.Pauses.Reader.ReadAsync(TestContext.Current.CancellationToken);
            pauses.Add(pause.TotalSeconds);
            time.Advance(pause);
        }

        await stop.CancelAsync();
        await running;
        Assert.Equal([10, 20, 40, 80, 160, 300, 300, 300, 10], pauses);
        Assert.Single(_log.Warnings);
    }

    [Theory]
    [InlineData("orders-millrace-0", "orders-millrace")]
    [InlineData("orders-12", "orders")]
    [InlineData("orders", "orders")]
    [InlineData("orders-x7", "orders-x7")]
    [InlineData("7", "7")]
    public void A_StatefulSet_is_called_as_its_pods_without_their_number(string pod, string name) => Assert.Equal(name, ReplicaService.StatefulSetOf(pod));

    [Fact]
    public void The_one_is_the_worker_with_the_lowest_number_of_those_that_live()
    {
        Assert.True(ReplicaService.IsFirst("w-2", ["w-10", "w-2", "w-3"]));
        Assert.False(ReplicaService.IsFirst("w-10", ["w-10", "w-2", "w-3"]));
        Assert.False(ReplicaService.IsFirst("w-0", []));
    }

    private static ReplicaPlanner Planner() => new(slotsPerWorker: 2, min: 1, max: 10, scaleDownDelay: 3_600_000);

    private ReplicaDriver Driver() => new(
        Planner,
        new KubernetesScale(_client, "orders", "streams", TimeSpan.FromSeconds(5), _time),
        () => _isMine,
        _ => Task.FromResult<IReadOnlyList<(string, int?)>>([("orders", _slots)]),
        Interval,
        _time,
        _log);

    private static Task<bool> LookAsync(ReplicaDriver driver) => driver.LookAsync(TestContext.Current.CancellationToken);

    private sealed class Broken(Func<int> read) : IReplicaScale
    {
        public string Description => "StatefulSet";

        public async Task<(int Replicas, string? Version)> ReadAsync(CancellationToken cancellationToken)
        {
            await Task.Yield();
            return (read(), null);
        }

        public Task<bool> TryWriteAsync(int replicas, string? version, CancellationToken cancellationToken) => Task.FromResult(true);
    }

    /// <summary>Tells of each pause that begins.</summary>
    private sealed class PausesTime : FakeTimeProvider
    {
        public Channel<TimeSpan> Pauses { get; } = Channel.CreateUnbounded<TimeSpan>();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            Pauses.Writer.TryWrite(dueTime);
            return timer;
        }
    }
}
