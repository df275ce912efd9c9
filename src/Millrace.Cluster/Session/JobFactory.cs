using System.Reflection;
using Microsoft.Extensions.DependencyInjection;

namespace Millrace.Cluster.Session;

/// <summary>Makes the object of a submitted job. Not with the framework's own ways to do that, which remember constructors by their types.</summary>
internal static class JobFactory
{
    /// <summary>The class of a job in a program.</summary>
    /// <param name="entry">The program's entry assembly.</param>
    /// <param name="name">The full name of the class; null for the only one.</param>
    /// <exception cref="MillraceException">MR6026: there is none, or more than one.</exception>
    public static Type Find(Assembly entry, string? name)
    {
        List<Type> jobs = [.. TypesOf(entry).Where(static type => type is { IsClass: true, IsAbstract: false, ContainsGenericParameters: false } && typeof(IStreamJob).IsAssignableFrom(type))];
        if (name is not null)
        {
            return jobs.Find(type => type.FullName == name)
                ?? throw SessionErrors.CannotMake($"there is no class '{name}' in {entry.GetName().Name} that implements {nameof(IStreamJob)}; {Those(jobs)}.");
        }

        return jobs.Count == 1 ? jobs[0] : throw SessionErrors.CannotMake($"the name of the class is missing; {Those(jobs)}.");
    }

    /// <summary>Makes a job.</summary>
    /// <param name="type">Its class.</param>
    /// <param name="services">What its constructor takes.</param>
    /// <param name="arguments">What it is given where it takes <c>string[]</c>.</param>
    /// <exception cref="MillraceException">MR6026: a service is missing.</exception>
    public static IStreamJob Create(Type type, IServiceProvider services, IReadOnlyList<string> arguments)
    {
        string? missing = null;
        foreach (var constructor in type.GetConstructors().OrderByDescending(static constructor => constructor.GetParameters().Length))
        {
            var parameters = constructor.GetParameters();
            object?[] values = new object?[parameters.Length];
            int found = 0;
            while (found < parameters.Length && TryGive(parameters[found], services, arguments, out values[found]))
            {
                found++;
            }

            if (found == parameters.Length)
            {
                return (IStreamJob)constructor.Invoke(BindingFlags.DoNotWrapExceptions, null, values, null);
            }

            missing ??= $"{parameters[found].ParameterType} {parameters[found].Name}";
        }

        throw SessionErrors.CannotMake(missing is null
            ? $"{type.FullName} has no public constructor."
            : $"the constructor of {type.FullName} takes '{missing}', which the workers do not have as a service. Where they should, it may be that the program brings the service's assembly itself: name it in Millrace:Cluster:Session:SharedAssemblies.");
    }

    private static bool TryGive(ParameterInfo parameter, IServiceProvider services, IReadOnlyList<string> arguments, out object? value)
    {
        var type = parameter.ParameterType;
        if (type == typeof(string[]) || type == typeof(IReadOnlyList<string>))
        {
            value = arguments.ToArray();
            return true;
        }

        value = parameter.GetCustomAttribute<FromKeyedServicesAttribute>() is { } keyed ? ((IKeyedServiceProvider)services).GetKeyedService(type, keyed.Key) : services.GetService(type);
        if (value is null && parameter.HasDefaultValue)
        {
            value = parameter.DefaultValue;
            return true;
        }

        return value is not null;
    }

    private static Type[] TypesOf(Assembly assembly)
    {
        try
        {
            return assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException error)
        {
            throw SessionErrors.CannotMake($"{assembly.GetName().Name} cannot be loaded: {error.LoaderExceptions.FirstOrDefault()?.Message ?? error.Message}", error);
        }
    }

    private static string Those(List<Type> jobs) => jobs.Count == 0 ? "it has no job" : $"it has {string.Join(", ", jobs.Select(static job => $"'{job.FullName}'"))}";
}
