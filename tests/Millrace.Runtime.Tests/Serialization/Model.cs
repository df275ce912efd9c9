using System.Collections.Immutable;
using PolyType;

namespace Millrace.Runtime.Tests.Serialization;

public enum Level : byte
{
    Low = 1,
    High = 200,
}

public sealed record Flight(string Origin, int Delay, DateTimeOffset At)
{
    public bool IsLate => Delay > 0;
}

public record struct Point(double X, double Y);

public readonly record struct Reading(long Sensor, float Value, Point At, int? Battery);

public sealed class Settable
{
    public int Number { get; set; }

    public string? Text { get; set; }

    public List<Point>? Points { get; set; }
}

public sealed class Initialized
{
    public required string Name { get; init; }

    public int Count { get; init; } = 7;

    public ImmutableArray<int> Numbers { get; init; } = [];
}

public sealed class PrivatelySet(int first)
{
    public int First { get; private set; } = first;

    public int Second { get; private set; }

    public void Change(int second) => Second = second;
}

public struct Mutable
{
    public int A;

    public string? B;
}

public sealed record Tree(int Value, Tree? Left, Tree? Right);

public sealed class Node
{
    public string? Name { get; set; }

    public Node? Next { get; set; }

    public List<Node> Children { get; set; } = [];
}

public sealed record Nothing;

[DerivedTypeShape(typeof(Circle))]
[DerivedTypeShape(typeof(Rectangle))]
[DerivedTypeShape(typeof(Group))]
public abstract record Shape(int Id);

public sealed record Circle(int Id, double Radius) : Shape(Id);

public sealed record Rectangle(int Id, double Width, double Height) : Shape(Id);

public sealed record Group(int Id, List<Shape> Parts) : Shape(Id);

[DerivedTypeShape(typeof(Dog))]
public record Animal(string Name);

public sealed record Dog(string Name, int Tricks) : Animal(Name);

public record Parent(int A);

public sealed record Child(int A, int B) : Parent(A);

public sealed record Holder(Parent Parent);
