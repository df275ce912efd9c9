namespace Millrace.Runtime.State.Operator;

/// <summary>What must agree when an operator state is asked for twice.</summary>
internal readonly record struct OperatorStateIdentity(string Name, Redistribution Redistribution, Type Element)
{
    private string Kind => Redistribution switch
    {
        Redistribution.Union => "union list",
        Redistribution.Broadcast => "broadcast state",
        _ => "list",
    };

    public override string ToString() => $"{Kind} of {StateIdentity.NameOf(Element)}";
}
