namespace Millrace.Serialization;

/// <summary>
/// Lets a key type say its own hash. Needed only where equality is not the equality of all members, for example keys that ignore case.
/// </summary>
public interface IStableHashable
{
    /// <summary>A hash that is the same on every machine and in every version of the program, and equal for equal keys.</summary>
    /// <returns>64 bits; they need not be well mixed.</returns>
    ulong GetStableHash();
}
