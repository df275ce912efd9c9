namespace Millrace;

/// <summary>What is done with a record that is given by reference, and with something else: for records that are large structs. It costs no copy of the record.</summary>
/// <typeparam name="T">The type of the record.</typeparam>
/// <typeparam name="TWith">The type of what else there is, for example a <see cref="Collector{T}"/>.</typeparam>
/// <param name="record">The record. The reference is good until the call returns.</param>
/// <param name="with">What else there is.</param>
/// <example><code>readings.FlatMap&lt;double&gt;((in reading, output) =&gt; { if (reading.IsValid) output.Collect(reading.Temperature); })</code></example>
public delegate void InAction<T, in TWith>(in T record, TWith with);
