namespace Millrace.Runtime.State.Keyed;

/// <summary>Marks a struct whose references are null for nearly every key: it is kept in the way that is fastest for values without references.</summary>
internal interface IRarelyRefers;
