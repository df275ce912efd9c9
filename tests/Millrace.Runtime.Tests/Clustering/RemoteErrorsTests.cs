using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Tasks;
using Millrace.Serialization;

namespace Millrace.Runtime.Tests.Clustering;

/// <summary>Errors of a worker, where the coordinator decides about a restart.</summary>
public sealed class RemoteErrorsTests
{
    [Fact]
    public void An_error_keeps_type_code_message_cause_and_stack()
    {
        var read = Assert.IsType<ConnectorException>(RoundTrip(Thrown(new ConnectorException("MR7777", "the broker is away.", isTransient: true, new TimeoutException("5 s")))));
        Assert.Equal(("MR7777", "MR7777: the broker is away.", true), (read.Code, read.Message, read.IsTransient));
        Assert.Equal("5 s", Assert.IsType<TimeoutException>(read.InnerException).Message);
        Assert.Contains(nameof(Thrown), read.StackTrace, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_restart_cannot_mend_is_still_that()
    {
        Exception[] hopeless =
        [
            new NonRecoverableException("no table"),
            new OperatorException("Map (1/2) failed", new NonRecoverableException("no table")),
            new InvalidOperationException("outside", new AggregateException(new IOException("away"), new StateIncompatibleException("MR4001", "other type"))),
            new GraphException("MR1001", "wrong"),
            new CheckpointFencedException("another run"),
            Millrace.Runtime.Checkpointing.Storage.CheckpointErrors.NothingUsable("job", 3, "storage"),
        ];
        Assert.All(hopeless, error => Assert.NotNull(Recoverability.FindNonRecoverable(RoundTrip(error))));
        Assert.Null(Recoverability.FindNonRecoverable(RoundTrip(new OperatorException("Map (1/2) failed", new IOException("away")))));
    }

    [Fact]
    public void A_type_that_the_engine_does_not_know_is_named_and_not_loaded()
    {
        var read = Assert.IsType<RemoteException>(RoundTrip(Thrown(new StrangeException("odd"))));
        Assert.Equal("odd", read.Message);
        Assert.StartsWith(typeof(StrangeException).FullName + ": odd", read.ToString(), StringComparison.Ordinal);
        Assert.Contains(nameof(Thrown), read.ToString(), StringComparison.Ordinal);

        // Through a second worker it stays what it was.
        Assert.Equal(typeof(StrangeException).FullName, Assert.IsType<RemoteException>(RoundTrip(read)).TypeName);
    }

    [Fact]
    public void A_chain_of_causes_without_an_end_is_cut_off()
    {
        Exception error = new IOException("innermost");
        for (int i = 0; i < 1_000; i++)
        {
            error = new InvalidOperationException($"{i}", error);
        }

        int depth = 0;
        for (var read = RoundTrip(error); read is not null; read = read.InnerException)
        {
            depth++;
        }

        Assert.Equal(16, depth);
    }

    private static Exception Thrown(Exception error)
    {
        try
        {
            throw error;
        }
        catch (Exception caught)
        {
            return caught;
        }
    }

    private static Exception RoundTrip(Exception error)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        var output = new BinaryOutput(buffer);
        RemoteErrors.Write(ref output, error);
        output.Flush();
        var input = new BinaryInput(buffer.WrittenSpan);
        var read = RemoteErrors.Read(ref input);
        Assert.Equal(0, input.Remaining);
        return Assert.IsAssignableFrom<Exception>(read);
    }

    private sealed class StrangeException(string message) : Exception(message);
}
