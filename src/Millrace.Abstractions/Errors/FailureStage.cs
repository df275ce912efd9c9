namespace Millrace;

/// <summary>What an operator was doing when it failed; see <see cref="DeadLetter{T}.Stage"/>.</summary>
public enum FailureStage
{
    /// <summary>The function had been given the record.</summary>
    Record = 0,

    /// <summary>The key selector had been given the record.</summary>
    Key = 1,

    /// <summary>The timestamp assigner had been given the record.</summary>
    Timestamp = 2,

    /// <summary>A timer was due: there is a key and no record.</summary>
    Timer = 3,

    /// <summary>A window fired: there is a key and no record.</summary>
    Window = 4,

    /// <summary>A source was to make a record of its input: there is <see cref="DeadLetter{T}.RawInput"/> and no record.</summary>
    Input = 5,

    /// <summary>A sink was to write the record.</summary>
    Write = 6,
}
