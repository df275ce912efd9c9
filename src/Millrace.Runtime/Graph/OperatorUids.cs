using System.Security.Cryptography;
using System.Text;

namespace Millrace.Runtime.Graph;

/// <summary>
/// Uids of operators, by which state is found again. One that the user does not give is derived from the operator's kind and its place in the
/// graph: it stays the same when operators are renamed or others are added elsewhere, and changes when what feeds the operator changes.
/// </summary>
internal static class OperatorUids
{
    public static IReadOnlyDictionary<StreamNode, string> Derive(IReadOnlyList<StreamNode> nodes)
    {
        var uids = new Dictionary<StreamNode, string>();
        var taken = new HashSet<string>(nodes.Select(node => node.Uid).OfType<string>());
        foreach (var node in nodes)
        {
            if (node.Uid is { } given)
            {
                uids[node] = given;
                continue;
            }

            string place = node.Kind + string.Concat(node.Inputs.Select(edge => $"\n{edge.TargetInput}|{edge.SideOutput}|{edge.Partitioning}|{uids[edge.Source]}"));

            // Twins, fed alike, are told apart by their order in the program.
            for (int twin = 0; ; twin++)
            {
                string uid = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{place}\n#{twin}")).AsSpan(0, 16));
                if (taken.Add(uid))
                {
                    uids[node] = uid;
                    break;
                }
            }
        }

        return uids;
    }
}
