namespace Millrace.Runtime.Operators;

/// <summary>An operator that makes results visible by commit.</summary>
internal interface ICommittingOperator
{
    /// <summary>Commits what the restored checkpoint had prepared, and takes no records.</summary>
    void OpenFinished();
}
