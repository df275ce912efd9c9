using Millrace.Runtime.Serialization;
using Millrace.Runtime.State.Keyed.Ttl;
using Millrace.Serialization;

namespace Millrace.Checkpointing.Upgrades;

/// <summary>Says in words how a shape has changed.</summary>
internal static class SchemaDifferences
{
    /// <summary>The differences that matter to the bytes; empty where there are none.</summary>
    public static string Describe(TypeSchema then, TypeSchema now)
    {
        var said = new List<string>();
        Compare(then, now, "", said);
        return said.Count == 0 ? "" : $"{string.Join("; ", said.Distinct())}.";
    }

    private static void Compare(TypeSchema then, TypeSchema now, string path, List<string> said)
    {
        if (SchemaComparison.SameBytes(then, now))
        {
            return;
        }

        bool had = TtlSchema.IsTtl(then);
        bool has = TtlSchema.IsTtl(now);
        if (had || has)
        {
            if (had != has)
            {
                said.Add(has ? "a time to live is added, which begins for all entries when they are restored" : "the time to live is gone, and nothing expires any more");
            }

            Compare(had ? TtlSchema.ValueOf(then) : then, has ? TtlSchema.ValueOf(now) : now, path, said);
        }
        else if (then.Kind != now.Kind)
        {
            said.Add(now.Kind == SchemaKind.Optional && SchemaComparison.SameBytes(then, now.Items[0])
                ? $"{Subject(path)} may be absent now"
                : $"{Subject(path)} was {then} and is {now}");
        }
        else if (then.Kind == SchemaKind.Object)
        {
            CompareMembers(then, now, path, said);
        }
        else if (then.Kind is SchemaKind.Union or SchemaKind.Enum)
        {
            CompareCases(then, now, path, said);
        }
        else if (then.Items.Count > 0 && then.Items.Count == now.Items.Count)
        {
            for (int i = 0; i < then.Items.Count; i++)
            {
                Compare(then.Items[i], now.Items[i], path, said);
            }
        }
        else
        {
            said.Add($"{Subject(path)} was {then} and is {now}");
        }
    }

    private static void CompareMembers(TypeSchema then, TypeSchema now, string path, List<string> said)
    {
        var gone = then.Members.Where(member => now.Members.All(other => other.Name != member.Name)).ToList();
        var added = now.Members.Where(member => then.Members.All(other => other.Name != member.Name)).ToList();
        foreach (var member in added)
        {
            said.Add($"'{path}{member.Name}' is new and has its default");
        }

        foreach (var member in gone)
        {
            // The one way in which data goes without an error.
            var renamed = added.FirstOrDefault(other => SchemaComparison.SameBytes(member.Schema, other.Schema));
            said.Add($"'{path}{member.Name}' is gone, and so is its data{(renamed is null ? "" : $" (also if '{renamed.Name}' is meant to be the same: members are found by name)")}");
        }

        var common = then.Members.Where(member => now.Members.Any(other => other.Name == member.Name)).ToList();
        if (!common.Select(member => member.Name).SequenceEqual(now.Members.Select(member => member.Name).Where(name => common.Exists(member => member.Name == name))))
        {
            said.Add(path.Length == 0 ? "members are in another order" : $"members of '{path.TrimEnd('.')}' are in another order");
        }

        foreach (var member in common)
        {
            Compare(member.Schema, now.Members.First(other => other.Name == member.Name).Schema, $"{path}{member.Name}.", said);
        }
    }

    private static void CompareCases(TypeSchema then, TypeSchema now, string path, List<string> said)
    {
        string what = then.Kind == SchemaKind.Enum ? "name" : "case";
        foreach (var member in now.Members.Where(member => then.Members.All(other => other.Name != member.Name)))
        {
            said.Add($"{Subject(path)} has a new {what}, '{member.Name}'");
        }

        foreach (var member in then.Members)
        {
            if (now.Members.FirstOrDefault(other => other.Name == member.Name) is not { } same)
            {
                said.Add($"{Subject(path)} has no {what} '{member.Name}' any more");
            }
            else if (then.Kind == SchemaKind.Union)
            {
                Compare(member.Schema, same.Schema, $"{path}{member.Name}.", said);
            }
            else if (member.Schema.Name != same.Schema.Name)
            {
                said.Add($"'{member.Name}' had the number {member.Schema.Name} and has {same.Schema.Name}");
            }
        }
    }

    private static string Subject(string path) => path.Length == 0 ? "the value" : $"'{path.TrimEnd('.')}'";
}
