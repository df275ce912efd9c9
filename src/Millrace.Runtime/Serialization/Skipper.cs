using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>Passes over bytes of a shape without making values of them.</summary>
internal abstract class Skipper
{
    /// <summary>The fewest bytes that a value takes.</summary>
    public abstract int MinBytes { get; }

    public abstract void Skip(ref BinaryInput input);

    public virtual void SkipBatch(ref BinaryInput input, int count)
    {
        for (int index = 0; index < count; index++)
        {
            Skip(ref input);
        }
    }

    /// <summary>Passes over so many bytes.</summary>
    public static Skipper OfBytes(int count) => new FixedSkipper(count);

    /// <summary>A skipper for a shape; null where a part of it is in a format that only a user's serializer knows.</summary>
    public static Skipper? Find(TypeSchema schema) => Find(schema, null);

    private static Skipper? Find(TypeSchema schema, Enclosing? enclosing)
    {
        switch (schema.Kind)
        {
            case SchemaKind.Scalar:
                return Scalars.SizeOf(schema.Name) is { } size ? new FixedSkipper(size)
                    : Scalars.IsText(schema.Name) ? new TextSkipper()
                    : schema.Name == BigIntegerFormat.Name ? new BytesSkipper()
                    : null;
            case SchemaKind.Enum:
                return Find(schema.Items[0], enclosing);
            case SchemaKind.Optional:
                return Find(schema.Items[0], enclosing) is { } optional ? new OptionalSkipper(optional) : null;
            case SchemaKind.List:
                return Find(schema.Items[0], enclosing) is { } element ? new ListSkipper([element]) : null;
            case SchemaKind.Map:
                return Find(schema.Items[0], enclosing) is { } key && Find(schema.Items[1], enclosing) is { } value ? new ListSkipper([key, value]) : null;
            case SchemaKind.Object or SchemaKind.Union:
                MembersSkipper members = schema.Kind == SchemaKind.Object ? new ObjectSkipper() : new UnionSkipper();
                enclosing = new Enclosing(schema.Name, members, enclosing);
                foreach (var member in schema.Members)
                {
                    if (Find(member.Schema, enclosing) is not { } skipper)
                    {
                        return null;
                    }

                    members.Members.Add(skipper);
                }

                return members;
            case SchemaKind.Reference:
                while (enclosing is not null && enclosing.Name != schema.Name)
                {
                    enclosing = enclosing.Outer;
                }

                return enclosing is null ? null : new RecursiveSkipper(enclosing.Skipper);
            default:
                return null;
        }
    }

    private sealed record Enclosing(string Name, Skipper Skipper, Enclosing? Outer);

    private sealed class FixedSkipper(int size) : Skipper
    {
        public override int MinBytes => size;

        public override void Skip(ref BinaryInput input) => input.ReadRaw(size);

        public override void SkipBatch(ref BinaryInput input, int count) => input.ReadRaw(checked(size * count));
    }

    private sealed class TextSkipper : Skipper
    {
        public override int MinBytes => 1;

        public override void Skip(ref BinaryInput input)
        {
            if (Counts.Read(ref input, bytesPerItem: 1) is > 0 and int length)
            {
                input.ReadRaw(length);
            }
        }
    }

    private sealed class BytesSkipper : Skipper
    {
        public override int MinBytes => 1;

        public override void Skip(ref BinaryInput input) => input.ReadRaw(input.ReadLength());
    }

    private sealed class OptionalSkipper(Skipper inner) : Skipper
    {
        public override int MinBytes => 1;

        public override void Skip(ref BinaryInput input)
        {
            if (input.ReadBoolean())
            {
                inner.Skip(ref input);
            }
        }

        public override void SkipBatch(ref BinaryInput input, int count)
        {
            if (input.ReadBoolean())
            {
                inner.SkipBatch(ref input, count);
            }
            else
            {
                base.SkipBatch(ref input, count);
            }
        }
    }

    private sealed class ListSkipper(Skipper[] items) : Skipper
    {
        private readonly int _itemBytes = items.Sum(i => i.MinBytes);

        public override int MinBytes => 1;

        public override void Skip(ref BinaryInput input)
        {
            int count = Counts.Read(ref input, _itemBytes);
            if (items is [FixedSkipper only] && count > 0)
            {
                only.SkipBatch(ref input, count);
                return;
            }

            for (int index = 0; index < count; index++)
            {
                foreach (var item in items)
                {
                    item.Skip(ref input);
                }
            }
        }
    }

    private abstract class MembersSkipper : Skipper
    {
        public List<Skipper> Members { get; } = [];

        public override int MinBytes => 1;
    }

    private sealed class ObjectSkipper : MembersSkipper
    {
        public override void Skip(ref BinaryInput input)
        {
            if (Members.Count == 0)
            {
                input.ReadByte();
            }

            foreach (var member in Members)
            {
                member.Skip(ref input);
            }
        }

        public override void SkipBatch(ref BinaryInput input, int count)
        {
            if (Members.Count == 0)
            {
                input.ReadRaw(count);
            }

            foreach (var member in Members)
            {
                member.SkipBatch(ref input, count);
            }
        }
    }

    private sealed class UnionSkipper : MembersSkipper
    {
        public override void Skip(ref BinaryInput input)
        {
            ulong number = input.ReadVarUInt();
            if (number > (ulong)Members.Count)
            {
                throw new InvalidDataException($"Case {number} of a union of {Members.Count} at byte {input.Position - 1}.");
            }

            if (number > 0)
            {
                Members[(int)number - 1].Skip(ref input);
            }
        }
    }

    private sealed class RecursiveSkipper(Skipper target) : Skipper
    {
        public override int MinBytes => 1;

        public override void Skip(ref BinaryInput input)
        {
            Depth.EnterReading();
            try
            {
                target.Skip(ref input);
            }
            finally
            {
                Depth.Leave();
            }
        }

        public override void SkipBatch(ref BinaryInput input, int count)
        {
            Depth.EnterReading();
            try
            {
                target.SkipBatch(ref input, count);
            }
            finally
            {
                Depth.Leave();
            }
        }
    }
}
