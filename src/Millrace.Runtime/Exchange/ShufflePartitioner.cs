namespace Millrace.Runtime.Exchange;

/// <summary>Each record to a subtask by chance, all alike. The same chance in every run: a test that fails can be repeated.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <param name="subtask">The producing subtask: each has chances of its own.</param>
internal sealed class ShufflePartitioner<T>(int subtask) : Partitioner<T>
{
    // Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014 (SplitMix64).
    private const ulong Step = 0x9E37_79B9_7F4A_7C15;

    private ulong _state = Step * ((ulong)subtask + 1);

    public override void Route(RecordBatch<T> batch, ExchangeOutput<T> output)
    {
        uint channels = (uint)output.ChannelCount;
        if (channels == 1)
        {
            output.Pass(0, batch);
            return;
        }

        var values = batch.Records;
        for (int i = 0; i < values.Length; i++)
        {
            // The upper half of a product: evenly spread, without a division.
            int channel = (int)(((Next() >> 32) * channels) >> 32);
            output.Open(channel).Add(values[i], batch.Timestamps[i]);
        }

        BatchPool<T>.Return(batch);
    }

    private ulong Next()
    {
        ulong mixed = _state += Step;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58_476D_1CE4_E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
        return mixed ^ (mixed >> 31);
    }
}
