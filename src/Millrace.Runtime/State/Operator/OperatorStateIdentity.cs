namespace Millrace.Runtime.State.Operator;

/// <summary>What must agree when an operator state is asked for twice.</summary>
internal readonly record struct OperatorStateIdentity(string Name, Redistribution Redistribution, Type Element)
{
    public override string ToString() => $"{(Redistribution == Redistribution.Union ? "union list" : "list")} of {StateIdentity.NameOf(Element)}";
}
