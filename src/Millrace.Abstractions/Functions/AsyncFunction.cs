namespace Millrace;

/// <summary>Turns every record into one result that takes time to come: from a service, a database, a file.</summary>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <remarks>
/// <see cref="InvokeAsync"/> is begun on the subtask's turn, and must not block it; what follows the first <see langword="await"/> that waits runs on the thread pool, for many records at once. Keep no
/// state in the function that this would break.
/// </remarks>
/// <example>
/// <code>
/// sealed class AddCustomer : AsyncFunction&lt;Order, RichOrder&gt;
/// {
///     private HttpClient _http = null!;
///     public override void Open(RuntimeContext context) =&gt; _http = new HttpClient { BaseAddress = Customers };
///     public override async ValueTask&lt;RichOrder&gt; InvokeAsync(Order order, CancellationToken cancellationToken) =&gt;
///         new(order, await _http.GetFromJsonAsync&lt;Customer&gt;($"{order.CustomerId}", cancellationToken));
///     public override void Close() =&gt; _http.Dispose();
/// }
/// orders.MapAsync(() =&gt; new AddCustomer(), new() { Capacity = 50 });
/// </code>
/// </example>
public abstract class AsyncFunction<TIn, TOut> : StreamFunction
{
    /// <summary>Gets the result of one record. May be called again for the same record: after a failure that is retried, and after a restart of the job.</summary>
    /// <param name="value">The record.</param>
    /// <param name="cancellationToken">Cancelled when nobody waits for the result any more: after the timeout, or when the job ends.</param>
    /// <returns>The result.</returns>
    public abstract ValueTask<TOut> InvokeAsync(TIn value, CancellationToken cancellationToken);
}
