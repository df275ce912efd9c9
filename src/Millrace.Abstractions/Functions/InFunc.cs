namespace Millrace;

/// <summary>A function of a record that it is given by reference: for records that are large structs, of which it needs a part. It costs no copy of the record.</summary>
/// <typeparam name="T">The type of the record.</typeparam>
/// <typeparam name="TResult">The type of the result.</typeparam>
/// <param name="record">The record. The reference is good until the call returns.</param>
/// <returns>The result.</returns>
/// <example><code>readings.Map((in reading) =&gt; reading.Temperature)</code></example>
public delegate TResult InFunc<T, out TResult>(in T record);
