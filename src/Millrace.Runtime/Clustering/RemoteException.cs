namespace Millrace.Runtime.Clustering;

/// <summary>An error of another worker whose type means nothing here.</summary>
/// <param name="typeName">Its type there.</param>
/// <param name="message">Its message.</param>
/// <param name="cause">Its cause.</param>
internal sealed class RemoteException(string typeName, string message, Exception? cause) : Exception(message, cause)
{
    public string TypeName => typeName;

    // Reads as the error itself does where it was thrown.
    public override string ToString()
    {
        string inner = InnerException is null ? "" : $" ---> {InnerException}{Environment.NewLine}   --- End of inner exception stack trace ---";
        return $"{typeName}: {Message}{inner}{(StackTrace is { } stack ? Environment.NewLine + stack : "")}";
    }
}
