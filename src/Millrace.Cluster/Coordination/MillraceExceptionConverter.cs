namespace Millrace.Cluster.Coordination;

/// <summary>
/// Carries errors from a coordinator that could not be made to whoever asked on another worker: what is thrown while a grain is activated is no answer of the grain, see <see cref="GrainReply"/>. Without it the other end would hear
/// that there is no codec, and not what went wrong.
/// </summary>
[RegisterConverter]
internal sealed class MillraceExceptionConverter : IConverter<MillraceException, MillraceExceptionConverter.Carried>
{
    public MillraceException ConvertFromSurrogate(in Carried surrogate) => new(surrogate.Code, surrogate.Words);

    public Carried ConvertToSurrogate(in MillraceException value) => new() { Code = value.Code, Words = value.Words };

    /// <summary>What is left of an error on the way.</summary>
    [GenerateSerializer, Immutable]
    internal struct Carried
    {
        [Id(0)]
        public string Code;

        [Id(1)]
        public string Words;
    }
}
