using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Millrace.Cluster.DataPlane;
using Millrace.Cluster.Tests.Processes;
using Millrace.Runtime.Clustering;

namespace Millrace.Cluster.Tests.DataPlane;

/// <summary>How connections come about, and what becomes of those that do not.</summary>
public sealed class ConnectingTests
{
    private static readonly ControlConnectionKey Orders = new("job", "sales", 7);

    [Theory]
    [InlineData("a", "b")]
    [InlineData("b", "a")]
    public async Task A_connection_that_the_other_does_not_open_breaks_after_the_timeout(string me, string peer)
    {
        var time = new FakeTimeProvider();
        await using TestWorker worker = new(me, time: time), other = new(peer);
        var recorder = new Recorder();
        worker.Plane.Open(other.Info, TestWorker.Key()).Start(recorder);
        time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(recorder.IsBroken);
        time.Advance(TimeSpan.FromSeconds(0.2));
        var cause = Assert.IsType<TimeoutException>(await recorder.BreakAsync());
        Assert.StartsWith($"worker {other.Info} has not opened it too within 10 s", cause.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_that_does_not_listen_yet_is_dialed_again()
    {
        await using TestWorker a = new("a");
        TestWorker b = new("b");
        int port = b.Plane.Port;
        await b.DisposeAsync();

        // Its port is known, and nobody is there.
        var connection = a.Plane.Open(b.Info with { Port = port }, TestWorker.Key());
        var (atA, atB) = (new Recorder(), new Recorder());
        connection.Start(atA);
        connection.Send(TestWorker.Frame("at last"u8));
        await using TestWorker again = new("b", options => options.Port = port);
        again.Plane.Open(a.Info, TestWorker.Key()).Start(atB);
        Assert.Equal("at last"u8.ToArray(), await atB.NextAsync());
    }

    [Fact]
    public async Task Whoever_dials_for_what_is_not_opened_waits_and_is_refused_in_the_end()
    {
        await using TestWorker a = new("a"), b = new("b", options => options.ConnectTimeout = TimeSpan.FromMilliseconds(200));
        var recorder = new Recorder();
        a.Plane.Open(b.Info, TestWorker.Key()).Start(recorder);
        Assert.Equal($"worker {b.Info} refuses it: this worker has not opened its end within 0.2 s", (await recorder.BreakAsync()).Message);
        Assert.Single(b.Log.Warnings);
        Assert.Matches(@"^A connection from 127\.0\.0\.1:\d+ was closed: this worker has not opened its end within 0\.2 s\.$", b.Log.Warnings[0]);
    }

    [Fact]
    public async Task The_same_opened_twice_breaks_the_second()
    {
        await using TestWorker a = new("a"), b = new("b");
        b.Plane.Open(a.Info, TestWorker.Key());
        var recorder = new Recorder();
        b.Plane.Open(a.Info, TestWorker.Key()).Start(recorder);
        Assert.Equal("it has been opened twice", (await recorder.BreakAsync()).Message);
        var self = new Recorder();
        b.Plane.Open(b.Info, TestWorker.Key()).Start(self);
        Assert.Equal("a worker needs no connection to itself for records", (await self.BreakAsync()).Message);
    }

    [Fact]
    public async Task A_coordinator_is_accepted_with_its_key_and_exchanges_frames()
    {
        await using TestWorker coordinator = new("b"), worker = new("a");
        var atCoordinator = new Recorder();
        var connection = coordinator.Plane.OpenControl(worker.Info, Orders);
        connection.Send(TestWorker.Frame("deploy"u8));
        connection.Start(atCoordinator);
        var (key, who, accepted) = await worker.AcceptedAsync();
        Assert.Equal((Orders, coordinator.Info), (key, who));
        var atWorker = new Recorder();
        accepted.Send(TestWorker.Frame("running"u8));
        accepted.Start(atWorker);
        Assert.Equal("deploy"u8.ToArray(), await atWorker.NextAsync());
        Assert.Equal("running"u8.ToArray(), await atCoordinator.NextAsync());
    }

    [Fact]
    public async Task A_coordinator_may_dial_its_own_worker()
    {
        // Known by a name that leads nowhere from here.
        await using TestWorker known = new("a", options => options.Address = "0.0.0.0") { Info = new WorkerInfo("a", "a", "nowhere.invalid", 1, 1) };
        var atCoordinator = new Recorder();
        known.Plane.OpenControl(known.Info, Orders).Start(atCoordinator);
        var (_, who, accepted) = await known.AcceptedAsync();
        Assert.Equal(known.Info, who);
        accepted.Send(TestWorker.Frame("here"u8));
        Assert.Equal("here"u8.ToArray(), await atCoordinator.NextAsync());
    }

    [Fact]
    public async Task A_refusal_breaks_the_coordinators_connection_with_its_reason()
    {
        await using TestWorker coordinator = new("a"), worker = new("b");
        worker.Refusal = () => "a coordinator of term 9 was here";
        var recorder = new Recorder();
        coordinator.Plane.OpenControl(worker.Info, Orders).Start(recorder);
        Assert.Equal($"worker {worker.Info} refuses it: a coordinator of term 9 was here", (await recorder.BreakAsync()).Message);
        Assert.Empty(worker.Log.Warnings);

        worker.Refusal = () => throw new InvalidOperationException("a defect");
        recorder = new Recorder();
        coordinator.Plane.OpenControl(worker.Info, Orders).Start(recorder);
        Assert.Equal($"worker {worker.Info} refuses it: the worker could not take the connection; its log has the reason", (await recorder.BreakAsync()).Message);
        Assert.Contains("a defect", Assert.Single(worker.Log.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_that_is_gone_fails_its_coordinator_at_once()
    {
        // By a clock that stands still: no timeout can have helped.
        await using TestWorker coordinator = new("a", time: new FakeTimeProvider());
        TestWorker worker = new("b");
        await worker.DisposeAsync();
        var recorder = new Recorder();
        coordinator.Plane.OpenControl(worker.Info, Orders).Start(recorder);
        var cause = await recorder.BreakAsync();
        Assert.StartsWith($"worker {worker.Info} cannot be reached: ", cause.Message, StringComparison.Ordinal);
        Assert.Equal(SocketError.ConnectionRefused, Assert.IsType<SocketException>(cause.InnerException).SocketErrorCode);
    }

    [Fact]
    public async Task A_worker_that_is_known_by_a_name_is_dialed_at_each_of_its_addresses()
    {
        // The name may stand for ::1 first, where the worker does not listen.
        await using TestWorker coordinator = new("a"), worker = new("b");
        var recorder = new Recorder();
        coordinator.Plane.OpenControl(worker.Info with { Host = "localhost" }, Orders).Start(recorder);
        var (_, who, accepted) = await worker.AcceptedAsync();
        Assert.Equal(coordinator.Info, who);
        accepted.Send(TestWorker.Frame("here"u8));
        Assert.Equal("here"u8.ToArray(), await recorder.NextAsync());
    }

    [Fact]
    public async Task A_machine_that_does_not_answer_is_dialed_again_each_second()
    {
        // While as many wait for being accepted as may, nobody else gets an answer.
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Other systems refuse whom they have no room for.");
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        using var first = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await first.ConnectAsync(listener.LocalEndPoint!, TestContext.Current.CancellationToken);

        var time = new FakeTimeProvider();
        await using TestWorker coordinator = new("a", time: time);
        var recorder = new Recorder();
        var worker = new WorkerInfo("b", "b", "127.0.0.1", ((IPEndPoint)listener.LocalEndPoint!).Port, 1);
        var connection = coordinator.Plane.OpenControl(worker, Orders);
        connection.Start(recorder);
        await Eventually.HoldsAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(0.5));
                return Task.FromResult(recorder.IsBroken);
            },
            () => "The connection does not break.");
        var cause = Assert.IsType<TimeoutException>(await recorder.BreakAsync());
        Assert.Equal($"worker {worker} has not answered within 10 s: its machine has not answered an attempt to connect for 1 s", cause.Message);
    }

    [Fact]
    public async Task Another_worker_at_the_address_is_not_taken_for_the_one_that_was_there()
    {
        await using TestWorker coordinator = new("a"), worker = new("b2");
        var recorder = new Recorder();
        coordinator.Plane.OpenControl(worker.Info with { Id = "b1" }, Orders).Start(recorder);
        Assert.EndsWith("has closed it while it was being made, and its log says why", (await recorder.BreakAsync()).Message, StringComparison.Ordinal);
        Assert.Contains($"worker {coordinator.Info} wants worker 'b1', and this one is 'b2'", Assert.Single(worker.Log.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_that_dies_breaks_its_connections_by_their_reset()
    {
        await using TestWorker worker = new("b");
        using var socket = await worker.DialAsync();
        await using var stream = new NetworkStream(socket);
        var info = new WorkerInfo("a", "a", "127.0.0.1", 1, 1);
        var recorder = new Recorder();
        worker.Plane.Open(info, TestWorker.Key()).Start(recorder);
        await Handshake.WriteAsync(stream, new Hello("test", "b", info, TestWorker.Key(), null, false), CancellationToken.None);
        Assert.Null((await Handshake.ReadReplyAsync(stream, CancellationToken.None)).Refusal);

        // A frame, half of another, and the end.
        await stream.WriteAsync(new byte[] { 1, 0, 0, 0, 42, 100, 0, 0, 0, 1, 2, 3 }, TestContext.Current.CancellationToken);
        Assert.Equal([42], await recorder.NextAsync());
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
        Assert.IsType<SocketException>((await recorder.BreakAsync()).InnerException!.GetBaseException());
        Assert.Equal(0, recorder.Left);
    }

    [Fact]
    public async Task An_address_that_cannot_be_listened_at_is_an_error_that_says_so()
    {
        await using TestWorker worker = new("a");
        var taken = Assert.Throws<MillraceException>(() => new TestWorker("b", options => options.Port = worker.Plane.Port));
        Assert.Equal("MR6102", taken.Code);
        Assert.Contains($"127.0.0.1, port {worker.Plane.Port}", taken.Message, StringComparison.Ordinal);
        Assert.Equal("MR6102", Assert.Throws<MillraceException>(() => new TestWorker("b", options => options.Address = "localhost")).Code);
        Assert.Equal("MR6102", Assert.Throws<MillraceException>(() => new TestWorker("b", options => options.Port = 70_000)).Code);
    }
}
