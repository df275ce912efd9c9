using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Millrace.Runtime.Tasks;

namespace Millrace;

/// <content>Functions whose constructors take services.</content>
public sealed partial class StreamExecutionEnvironment
{
    /// <summary>
    /// A factory of functions whose constructors take services of the application: for each subtask, and again after each restart, a new function is made out of the subtask's scope
    /// (<see cref="RuntimeContext.Services"/>). The function itself need not be registered.
    /// </summary>
    /// <typeparam name="TFunction">The function.</typeparam>
    /// <param name="arguments">Arguments of the constructor that are no services, in any order; all subtasks share them.</param>
    /// <returns>The factory, for <c>Process</c>, <c>Map</c> and whatever else takes one. Called outside of a subtask it throws <see cref="InvalidOperationException"/>.</returns>
    /// <example><code>orders.Process(env.FromServices&lt;Enrich&gt;())</code></example>
    [SuppressMessage("Performance", "CA1822:Mark members as static", Justification = "It belongs to the job that is being declared, as sources do.")]
    public Func<TFunction> FromServices<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TFunction>(params object[] arguments)
        where TFunction : class
    {
        ArgumentNullException.ThrowIfNull(arguments);
        return () => ActivatorUtilities.CreateInstance<TFunction>(SubtaskServices.Current.Provider, arguments);
    }
}
