using System.Globalization;
using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace Millrace.Cluster.Replicas;

/// <summary>The <c>scale</c> of a StatefulSet.</summary>
/// <param name="client">The API server.</param>
/// <param name="name">The StatefulSet.</param>
/// <param name="ns">Its namespace.</param>
/// <param name="timeout">How long a call may take.</param>
/// <param name="time">The clock of that.</param>
internal sealed class KubernetesScale(IKubernetes client, string name, string ns, TimeSpan timeout, TimeProvider time) : IReplicaScale
{
    public string Description => $"StatefulSet {ns}/{name}";

    public Task<(int Replicas, string? Version)> ReadAsync(CancellationToken cancellationToken) => CallAsync(
        async cancel =>
        {
            var scale = await client.AppsV1.ReadNamespacedStatefulSetScaleAsync(name, ns, cancellationToken: cancel).ConfigureAwait(false);

            // A server leaves out what is 0.
            return (scale.Spec?.Replicas ?? 0, scale.Metadata?.ResourceVersion);
        },
        "get",
        cancellationToken);

    public Task<bool> TryWriteAsync(int replicas, string? version, CancellationToken cancellationToken) => CallAsync(
        async cancel =>
        {
            // With the version that was read: the server refuses it where somebody else has written meanwhile.
            string number = replicas.ToString(CultureInfo.InvariantCulture);
            string patch = version is null ? $$$"""{"spec":{"replicas":{{{number}}}}}""" : $$$"""{"metadata":{"resourceVersion":"{{{version}}}"},"spec":{"replicas":{{{number}}}}}""";
            try
            {
                await client.AppsV1.PatchNamespacedStatefulSetScaleAsync(new V1Patch(patch, V1Patch.PatchType.MergePatch), name, ns, cancellationToken: cancel).ConfigureAwait(false);
                return true;
            }
            catch (HttpOperationException error) when (error.Response?.StatusCode == HttpStatusCode.Conflict)
            {
                return false;
            }
        },
        "patch",
        cancellationToken);

    private async Task<T> CallAsync<T>(Func<CancellationToken, Task<T>> call, string verb, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            return await call(either.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested && error is HttpOperationException or HttpRequestException or OperationCanceledException or IOException or System.Text.Json.JsonException)
        {
            throw new ReplicaScaleException(Explain(error, verb), error);
        }
    }

    private string Explain(Exception error, string verb) => error switch
    {
        HttpOperationException { Response.StatusCode: HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized } =>
            $"The service account of this pod may not {verb} statefulsets/scale of {Description}. Give its role the verbs get and patch on statefulsets/scale of the group apps (Helm: autoscaling.enabled; kustomize: the component autoscaling).",
        HttpOperationException { Response.StatusCode: HttpStatusCode.NotFound } =>
            $"There is no {Description}. Set Millrace:Cluster:Autoscaler:Replicas:StatefulSet to the one that makes the pods of the workers, and Namespace to where it is.",
        HttpOperationException { Response: { } response } => $"The API server of Kubernetes answers {(int)response.StatusCode}.",
        OperationCanceledException => $"The API server of Kubernetes has not answered within {timeout}.",
        _ => $"The API server of Kubernetes cannot be reached: {error.Message}",
    };
}
