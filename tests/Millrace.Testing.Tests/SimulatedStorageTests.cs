// The storage is in memory and never waits.
#pragma warning disable xUnit1051
using System.Text;
using Millrace.Testing.Simulation;

namespace Millrace.Testing.Tests;

public sealed class SimulatedStorageTests
{
    private readonly SimulatedScheduler _world = new(1);
    private readonly SimulatedDisk _disk;
    private readonly SimulatedProcess _process;
    private readonly SimulatedStorage _storage;

    public SimulatedStorageTests()
    {
        _disk = new SimulatedDisk(_world, new StorageFaults(1), new SimulationLog());
        _process = _world.StartProcess("process");
        _storage = _disk.ConnectFrom(_process);
    }

    [Fact]
    public void Create_IsVisibleWhenItIsComplete()
    {
        using (var output = _storage.Create("a/b"))
        {
            output.Stream.Write("hello"u8);
            Assert.Empty(_disk.Names);
            output.Complete();
        }

        using (var output = _storage.Create("a/c"))
        {
            output.Stream.Write("never"u8);
        }

        Assert.Equal(["a/b"], _disk.Names);
        Assert.Equal("hello", Read("a/b"));
        Assert.Throws<FileNotFoundException>(() => _storage.OpenRead("a/c"));
    }

    [Fact]
    public void TryCreate_OfSeveral_OneSucceeds()
    {
        Assert.True(_storage.TryCreate("n", "1"u8));
        Assert.False(_storage.TryCreate("n", "2"u8));
        Assert.Equal("1", Read("n"));
    }

    [Fact]
    public void List_IsInOrderAndOfTheFolderAlone()
    {
        foreach (string name in (string[])["b/2", "a/x/1", "ab/3", "a/0"])
        {
            _storage.TryCreate(name, default);
        }

        Assert.Equal(["a/0", "a/x/1"], _storage.List("a").Select(file => file.Name));
        Assert.Equal(4, _storage.List("").Count);
        Assert.Empty(_storage.List("c"));
        _storage.Delete(["a/0", "nothing"]);
        Assert.Equal(["a/x/1"], _storage.List("a").Select(file => file.Name));
    }

    [Fact]
    public void TryCreate_ThatFails_HasHappenedOrNot()
    {
        _disk.Faults.FailureRate = 1;
        for (int i = 0; i < 50; i++)
        {
            Assert.Throws<IOException>(() => _storage.TryCreate($"{i}", "x"u8));
        }

        Assert.InRange(_disk.Names.Count, 10, 40);
    }

    [Fact]
    public void Write_WithoutRoom_FailsAndLeavesNothing()
    {
        _disk.Faults.Quota = 10;
        _storage.TryCreate("a", "12345"u8);
        Assert.Throws<IOException>(() => _storage.TryCreate("b", "123456"u8));
        using var output = _storage.Create("c");
        Assert.Throws<IOException>(() => output.Stream.Write("123456"u8));
        Assert.Equal(["a"], _disk.Names);
        _disk.Faults.Heal();
        Assert.True(_storage.TryCreate("b", "123456"u8));
    }

    [Fact]
    public void Everything_FromAProcessThatIsCutOff_FailsUntilItIsNot()
    {
        _disk.CutOff(_process);
        Assert.Throws<IOException>(() => _storage.List(""));
        Assert.True(_disk.ConnectFrom(_world.StartProcess("another")).TryCreate("a", default));
        _disk.Reconnect(_process);
        Assert.Single(_storage.List(""));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Complete_WhereTheProcessCrashes_LeavesAllOrNothing_OrAPartWhereTheStorageIsOfThatKind(bool atomic)
    {
        var sizes = new HashSet<long>();
        for (int seed = 0; seed < 60; seed++)
        {
            var disk = new SimulatedDisk(_world, new StorageFaults(seed) { IsAtomic = atomic }, new SimulationLog());
            var process = _world.StartProcess("process");
            var output = disk.ConnectFrom(process).Create("a");
            output.Stream.Write(new byte[10]);
            disk.Faults.CrashIn(0);
            Assert.Throws<SimulatedCrashException>(output.Complete);
            Assert.False(process.IsAlive);

            // What the code of the dead process still does has no effect.
            Assert.Throws<SimulatedCrashException>(output.Complete);
            Assert.Throws<SimulatedCrashException>(() => disk.ConnectFrom(process).Delete(["a"]));
            sizes.Add(disk.Names.Count == 0 ? -1 : disk.Size);
        }

        Assert.Contains(10, sizes);
        Assert.Equal(atomic, sizes.SetEquals([-1, 10]));
    }

    [Fact]
    public void CorruptOne_ChangesOneByteOfOneFile()
    {
        Assert.Null(_disk.CorruptOne(new Random(1), _ => true));
        _storage.TryCreate("a", "hello"u8);
        _storage.TryCreate("b", "hello"u8);
        Assert.Equal("b", _disk.CorruptOne(new Random(1), name => name == "b"));
        Assert.Equal("hello", Read("a"));
        Assert.Equal(4, Read("b").Zip("hello").Count(pair => pair.First == pair.Second));
    }

    private string Read(string name)
    {
        using var reader = new StreamReader(_storage.OpenRead(name), Encoding.Latin1);
        return reader.ReadToEnd();
    }
}
