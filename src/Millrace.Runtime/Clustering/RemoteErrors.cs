using System.Runtime.ExceptionServices;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.Tasks;
using Millrace.Serialization;

namespace Millrace.Runtime.Clustering;

/// <summary>
/// Errors on their way from a worker to a coordinator: with all that decides about restarts (type, code, causes) and all that people look at (message, stack). No type is loaded by its name: those that
/// the engine does not know become a <see cref="RemoteException"/>.
/// </summary>
internal static class RemoteErrors
{
    // A chain of causes that is longer is cut off; nobody reads it, and a cycle must not be followed for ever.
    private const int MaxDepth = 16;

    private enum Kind : byte
    {
        None,
        Other,
        Millrace,
        NonRecoverable,
        StateIncompatible,
        Graph,
        Fenced,
        Connector,
        Operator,
        InputOutput,
        Canceled,
        TimedOut,
    }

    public static void Write(ref BinaryOutput output, Exception? error) => Write(ref output, error, 0);

    public static Exception? Read(ref BinaryInput input)
    {
        var kind = (Kind)input.ReadByte();
        if (kind == Kind.None)
        {
            return null;
        }

        string type = input.ReadString();
        string code = input.ReadString();
        string message = input.ReadString();
        string stack = input.ReadString();
        bool isTransient = input.ReadBoolean();
        var cause = Read(ref input);
        Exception error = kind switch
        {
            Kind.Millrace => new MillraceException(code, message, cause),
            Kind.NonRecoverable => new NonRecoverableException(message, cause),
            Kind.StateIncompatible => new StateIncompatibleException(code, message, cause),
            Kind.Graph => new GraphException(code, message, cause),
            Kind.Fenced => new CheckpointFencedException(message),
            Kind.Connector => new ConnectorException(code, message, isTransient, cause),
            Kind.Operator => new OperatorException(message, cause ?? new RemoteException(type, message, null)),
            Kind.InputOutput => new IOException(message, cause),
            Kind.Canceled => new OperationCanceledException(message, cause),
            Kind.TimedOut => new TimeoutException(message, cause),
            Kind.Other => new RemoteException(type, message, cause),
            _ => throw new InvalidDataException($"An error is of kind {(int)kind}, which is none."),
        };
        return stack.Length == 0 ? error : ExceptionDispatchInfo.SetRemoteStackTrace(error, stack);
    }

    private static void Write(ref BinaryOutput output, Exception? error, int depth)
    {
        if (error is null || depth == MaxDepth)
        {
            output.WriteByte((byte)Kind.None);
            return;
        }

        var kind = KindOf(error);
        string code = (error as MillraceException)?.Code ?? "";
        string message = error.Message;
        if (code.Length > 0 && message.StartsWith(code + ": ", StringComparison.Ordinal))
        {
            message = message[(code.Length + 2)..];
        }

        output.WriteByte((byte)kind);
        output.WriteString(error is RemoteException remote ? remote.TypeName : error.GetType().FullName ?? error.GetType().Name);
        output.WriteString(code);
        output.WriteString(message);
        output.WriteString(error.StackTrace ?? "");
        output.WriteBoolean(error is ConnectorException { IsTransient: true });
        Write(ref output, CauseOf(error), depth + 1);
    }

    private static Kind KindOf(Exception error) => error switch
    {
        NonRecoverableException => Kind.NonRecoverable,
        StateIncompatibleException => Kind.StateIncompatible,
        GraphException => Kind.Graph,
        CheckpointFencedException => Kind.Fenced,
        ConnectorException => Kind.Connector,
        MillraceException => Kind.Millrace,
        OperatorException => Kind.Operator,
        IOException => Kind.InputOutput,
        OperationCanceledException => Kind.Canceled,
        TimeoutException => Kind.TimedOut,
        _ => Kind.Other,
    };

    // Of several causes the one that a restart cannot mend counts.
    private static Exception? CauseOf(Exception error) => error is AggregateException { InnerExceptions: [_, ..] all }
        ? all.FirstOrDefault(inner => Coordination.Recoverability.FindNonRecoverable(inner) is not null) ?? all[0]
        : error.InnerException;
}
