using k8s;
using k8s.Models;

namespace Millrace.Deploy.Tests;

/// <summary>The objects of one installation. Parsed strictly: a field that Kubernetes does not know, or of the wrong type, is an error.</summary>
internal sealed class Release
{
    private Release(string yaml)
    {
        Objects = KubernetesYaml.LoadAllFromString(yaml, null, strict: true);
        Workers = Single<V1StatefulSet>();
        Pod = Workers.Spec.Template;
        Container = Assert.Single(Pod.Spec.Containers);
        Configuration = Single<V1ConfigMap>();
    }

    public IReadOnlyList<object> Objects { get; }

    public V1StatefulSet Workers { get; }

    public V1PodTemplateSpec Pod { get; }

    public V1Container Container { get; }

    public V1ConfigMap Configuration { get; }

    /// <summary>The environment of the container, as far as the files say it; what comes from the pod or from secrets has the text in angle brackets.</summary>
    public Dictionary<string, string> Environment
    {
        get
        {
            var environment = new Dictionary<string, string>(Configuration.Data, StringComparer.Ordinal);
            foreach (var variable in Container.Env)
            {
                environment[variable.Name] = variable.Value ?? (variable.ValueFrom.SecretKeyRef is { } secret ? $"<{secret.Name}/{secret.Key}>" : $"<{variable.ValueFrom.FieldRef.FieldPath}>");
            }

            return environment;
        }
    }

    public static Release Parse(string yaml) => new(yaml);

    public IEnumerable<T> All<T>() => Objects.OfType<T>();

    public T Single<T>() => Assert.Single(Objects.OfType<T>());

    /// <summary>Whether pods of the release are what a selector means, and all that tells releases apart is in it.</summary>
    public void AssertSelectsWorkers(IDictionary<string, string> selector)
    {
        Assert.Equal(Workers.Spec.Selector.MatchLabels.OrderBy(label => label.Key), selector.OrderBy(label => label.Key));
        Assert.All(selector, label => Assert.Equal(label.Value, Pod.Metadata.Labels[label.Key]));
    }
}
