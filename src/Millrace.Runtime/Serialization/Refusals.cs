using System.Reflection;

namespace Millrace.Runtime.Serialization;

/// <summary>Types that cannot be written, and why: said so that the reader knows what to change.</summary>
internal static class Refusals
{
    private const string LeaveOut = "Leave the member out with [PropertyShape(Ignore = true)], or register a serializer for it.";

    /// <summary>Why a type cannot be written whatever its members are; null when nothing speaks against it. Continues a sentence that starts with its path.</summary>
    public static string? Find(Type type) =>
        type.IsPointer || type.IsFunctionPointer || type == typeof(nint) || type == typeof(nuint)
            ? $"is a pointer ({TypeNames.Of(type)}): an address means nothing outside its process. {LeaveOut}"
        : type.IsByRefLike ? $"is a ref struct ({TypeNames.Of(type)}): it lives on the stack. Keep a copy of the data."
        : typeof(Delegate).IsAssignableFrom(type)
            ? $"is a delegate ({TypeNames.Of(type)}): code cannot be written. Keep the data in the record and the code in the function. {LeaveOut}"
        : type == typeof(object) ? $"is object: its shape is not known before the job runs. Declare the type that it really has. {LeaveOut}"
        : IsA(type, typeof(Task)) || type == typeof(ValueTask) || Definition(type) == typeof(ValueTask<>)
            ? $"is a task ({TypeNames.Of(type)}): work under way cannot be written. Await it, and keep its result. {LeaveOut}"
        : IsA(type, typeof(Stream)) ? $"is a stream ({TypeNames.Of(type)}): it holds a resource of this process. Keep the bytes or the path. {LeaveOut}"
        : IsA(type, typeof(MemberInfo)) ? $"is reflection data ({TypeNames.Of(type)}): it refers to loaded code. Keep the name. {LeaveOut}"
        : type == typeof(CancellationToken) ? $"is a CancellationToken: it belongs to a running call. {LeaveOut}"
        : Definition(type) == typeof(Lazy<>) ? $"is lazy ({TypeNames.Of(type)}): code cannot be written. Keep the value. {LeaveOut}"
        : null;

    /// <summary>Why an object of members cannot be written: it belongs to the framework, whose insides the engine does not guess.</summary>
    public static string? FindForObject(Type type)
    {
        if (type.Namespace is { } space && (space == "System" || space.StartsWith("System.", StringComparison.Ordinal)) && IsOfFramework(type)
            && !type.FullName!.StartsWith("System.Tuple`", StringComparison.Ordinal)
            && !type.FullName.StartsWith("System.ValueTuple`", StringComparison.Ordinal)
            && type != typeof(ValueTuple)
            && Definition(type) != typeof(KeyValuePair<,>))
        {
            return type.IsInterface
                ? $"is an interface ({TypeNames.Of(type)}): its shape is not known before the job runs. Declare the type that it really has. {LeaveOut}"
                : $"is a type of the framework for which the engine has no format ({type.Namespace}.{TypeNames.Of(type)}). {LeaveOut}";
        }

        return null;
    }

    /// <summary>Why a type without a constructor that can be called cannot be written.</summary>
    public static string WithoutConstructor(Type type) => type.IsInterface || type.IsAbstract
        ? $"is {(type.IsInterface ? "an interface" : "abstract")} ({TypeNames.Of(type)}): its shape is not known before the job runs. "
            + "Name the types that it can be with [DerivedTypeShape(typeof(...))] on it, or declare the type that it really has."
        : $"is {TypeNames.Of(type)}, which has no public constructor. Add one whose parameters have the names and types of its members, or register a serializer.";

    private static bool IsOfFramework(Type type) => type.Assembly == typeof(object).Assembly
        || (type.Assembly.GetName().Name is { } name && (name.StartsWith("System.", StringComparison.Ordinal) || name == "mscorlib"));

    private static bool IsA(Type type, Type ancestor) => ancestor.IsAssignableFrom(type);

    private static Type? Definition(Type type) => type.IsGenericType ? type.GetGenericTypeDefinition() : null;
}
