using CsCheck;
using Millrace.Runtime.State.Keyed;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Tests.Serialization;
using Millrace.Runtime.Windowing.General;

namespace Millrace.Runtime.Tests.Windowing.General;

public sealed class WindowSetTests
{
    private static readonly StateListSerializer<(long Window, long StateWindow)> List = new(new SerializerRegistry().Get<(long Window, long StateWindow)>());
    private static readonly WindowSetSerializer<long> Set = new(List);

    [Fact]
    public void Is_a_set_of_windows_and_is_written_as_the_list_of_them() => Gen.Int[6, 60].SelectMany(most => Gen.Select(Gen.Long[0, most], Gen.Bool).List[1, 5 * most]).Sample(steps =>
    {
        var set = default(WindowSet<long>);
        var expected = new Dictionary<long, long>();
        long next = 100;
        for (int step = 0; step < steps.Count; step++)
        {
            // At last it gets empty, so that memory is given back too.
            var (window, isAdded) = steps[step];
            bool isEmptied = step > steps.Count / 2;
            int place = set.IndexOf(window);
            Assert.Equal(expected.ContainsKey(window), place >= 0);
            if (place < 0 && isEmptied)
            {
                continue;
            }

            if (place >= 0 && (isEmptied || !isAdded))
            {
                set.RemoveAt(place);
                expected.Remove(window);
            }
            else if (place >= 0)
            {
                set[place].StateWindow = expected[window] = next++;
            }
            else
            {
                set.Add(window, next);
                expected.Add(window, next++);
            }

            Assert.Equal(expected.Select(entry => (entry.Key, entry.Value)).Order(), set.ToArray().Order());
            Assert.Equal(expected.Count, set.Count);
            var read = Bytes.Read(Set, Bytes.Of(Set, set));
            Assert.Equal(set.ToArray(), read.ToArray());
            Assert.Equal(set.ToArray(), Bytes.Read(List, Bytes.Of(Set, set)).AsSpan().ToArray());

            // Nothing is shared with a copy.
            var copy = Set.Copy(set);
            Assert.Equal(set.ToArray(), copy.ToArray());
            for (int i = 0; i < copy.Count; i++)
            {
                copy[i] = (-1, -1);
            }

            Assert.Equal(-1, set.IndexOf(-1));
        }
    });
}
