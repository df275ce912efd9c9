namespace Millrace;

/// <summary>A side output for dead letters, whatever the type of their records.</summary>
internal abstract class DeadLetterRoute
{
    /// <summary>The id of the tag.</summary>
    public abstract string Id { get; }

    public abstract Type RecordType { get; }

    /// <summary>Hands the tag, with its type, to who can use it.</summary>
    public abstract void Visit(IDeadLetterVisitor visitor);
}

/// <summary>A side output for dead letters.</summary>
/// <typeparam name="T">The type of their records.</typeparam>
/// <param name="tag">The side output.</param>
internal sealed class DeadLetterRoute<T>(OutputTag<DeadLetter<T>> tag) : DeadLetterRoute
{
    public OutputTag<DeadLetter<T>> Tag => tag;

    public override string Id => tag.Id;

    public override Type RecordType => typeof(T);

    public override void Visit(IDeadLetterVisitor visitor) => visitor.Visit(tag);
}

/// <summary>Takes a tag with its type.</summary>
internal interface IDeadLetterVisitor
{
    void Visit<T>(OutputTag<DeadLetter<T>> tag);
}
