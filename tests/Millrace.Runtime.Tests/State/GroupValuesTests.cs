using Millrace.Runtime.State.Keyed;
using Millrace.Runtime.State.Snapshots;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.Runtime.Tests.State;

public sealed class GroupValuesTests
{
    private static readonly TypeSchema Schema = TypeSchema.Scalar("int64");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Values_follow_their_key_groups_and_are_carried_over(bool native)
    {
        GroupValues[] subtasks = [new(new KeyGroupRange(0, 3)), new(new KeyGroupRange(3, 5))];
        for (int group = 0; group < 8; group++)
        {
            subtasks[group < 3 ? 0 : 1].Set("v", Schema, group, [(byte)group]);
        }

        subtasks[0].Set("w", Schema, 2, [99]);
        for (int round = 0; round < 3; round++)
        {
            GroupValues[] next = [new(new KeyGroupRange(0, 6)), new(new KeyGroupRange(6, 2))];
            foreach (var target in next)
            {
                foreach (var frozen in subtasks.Select(subtask => subtask.Freeze()))
                {
                    if (native)
                    {
                        Assert.Equal([7, 8], target.Restore(frozen.Wrap((byte[])[7, 8])).ToArray());
                    }
                    else
                    {
                        var snapshot = new MemoryKeyedState(8);
                        frozen.Write(snapshot.CreateWriter());
                        Assert.Empty(new BackendStates(snapshot).States);
                        target.Restore(snapshot);
                    }
                }
            }

            subtasks = next;
        }

        for (int group = 0; group < 8; group++)
        {
            Assert.Equal([(byte)group], subtasks[group < 6 ? 0 : 1].Get("v", Schema, group).ToArray());
        }

        Assert.Equal([99], subtasks[0].Get("w", Schema, 2).ToArray());
        Assert.True(subtasks[0].Get("w", Schema, 1).IsEmpty);
        Assert.Throws<StateIncompatibleException>(() => subtasks[0].Get("v", TypeSchema.Scalar("string"), 0).Length);
    }

    [Fact]
    public void Freeze_ThenSet_KeepsTheValuesOfThatMoment()
    {
        var values = new GroupValues(new KeyGroupRange(0, 1));
        values.Set("v", Schema, 0, [1]);
        var frozen = values.Freeze();
        values.Set("v", Schema, 0, [2]);
        var restored = new GroupValues(new KeyGroupRange(0, 1));
        restored.Restore(frozen.Wrap(default));
        Assert.Equal([1], restored.Get("v", Schema, 0).ToArray());
    }

    [Fact]
    public void Restore_DamagedMetadata_IsAnError()
    {
        var values = new GroupValues(new KeyGroupRange(0, 1));
        values.Set("v", Schema, 0, [1]);
        byte[] bytes = values.Freeze().Wrap(default);
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Equal("MR4104", Assert.Throws<MillraceException>(() => new GroupValues(new KeyGroupRange(0, 1)).Restore(bytes.AsMemory(0, length))).Code);
        }
    }
}
