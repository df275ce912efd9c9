namespace Millrace.Runtime.Checkpointing;

/// <summary>The channels of an input, as far as barriers are concerned. All calls are on the subtask's own turn.</summary>
internal interface IBarrierChannels
{
    /// <summary>Takes nothing from a channel until it is freed.</summary>
    void Block(int channel);

    /// <summary>Takes from a channel again.</summary>
    void Free(int channel);

    /// <summary>Takes from a channel up to an announced barrier and then tells the handler.</summary>
    void StopAt(int channel, long position);

    /// <summary>
    /// Records what a barrier overtakes in a channel: what has been taken and not processed, what has arrived, and what is yet to come before the barrier. Tells the handler when all is recorded.
    /// </summary>
    /// <returns>The recording, which grows until then.</returns>
    ChannelRecording Record(int channel, CheckpointBarrier barrier);

    /// <summary>Says where the barrier stands of which a recording waits for the end.</summary>
    void EndRecordingAt(int channel, long position);

    /// <summary>Gives a recording up.</summary>
    void StopRecording(int channel);
}
