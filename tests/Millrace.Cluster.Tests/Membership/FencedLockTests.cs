using System.Globalization;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Millrace.Cluster.Membership;

namespace Millrace.Cluster.Tests.Membership;

/// <summary>A lock that is taken away from whoever is frozen with it.</summary>
public sealed class FencedLockTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-lock-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Document => Path.Combine(_folder, "document");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Whoever_is_frozen_with_the_lock_keeps_nobody_from_writing_and_writes_nothing_when_it_goes_on()
    {
        var time = new FakeTimeProvider();
        using var frozen = await FencedLock.TakeAsync(_folder, "lock", time, Cancel);
        var next = FencedLock.TakeAsync(_folder, "lock", time, Cancel);
        Pass(time, 1.9);
        Assert.False(next.IsCompleted);
        Pass(time, 0.2);
        using (var taken = await next)
        {
            Assert.True(taken.TryReplace(Document, "next"u8));
        }

        Assert.False(frozen.TryReplace(Document, "frozen"u8));
        Assert.Equal("next", await File.ReadAllTextAsync(Document, Cancel));

        // Nobody waits for the lock of the one that is still there.
        using var after = await FencedLock.TakeAsync(_folder, "lock", time, Cancel);
        Assert.True(after.TryReplace(Document, "after"u8));
        Assert.Equal("after", await File.ReadAllTextAsync(Document, Cancel));
    }

    [Fact]
    public async Task What_is_frozen_before_it_deletes_deletes_nothing_when_it_goes_on()
    {
        var time = new FakeTimeProvider();
        await File.WriteAllTextAsync(Document, "old", Cancel);
        using var frozen = await FencedLock.TakeAsync(_folder, "lock", time, Cancel);
        var next = FencedLock.TakeAsync(_folder, "lock", time, Cancel);
        Pass(time, 2.1);
        using (var taken = await next)
        {
            Assert.True(taken.TryDelete(Document));
        }

        Assert.False(File.Exists(Document));
        using (var taken = await FencedLock.TakeAsync(_folder, "lock", time, Cancel))
        {
            Assert.True(taken.TryReplace(Document, "new"u8));
        }

        Assert.False(frozen.TryDelete(Document));
        Assert.Equal("new", await File.ReadAllTextAsync(Document, Cancel));
    }

    [Fact]
    public async Task A_lock_that_is_held_for_a_moment_is_waited_for()
    {
        var time = new FakeTimeProvider();
        var held = await FencedLock.TakeAsync(_folder, "lock", time, Cancel);
        var next = FencedLock.TakeAsync(_folder, "lock", time, Cancel);
        Pass(time, 1);
        Assert.True(held.TryReplace(Document, "held"u8));
        held.Dispose();
        Pass(time, 0.1);
        using var taken = await next;
        Assert.Equal("held", await File.ReadAllTextAsync(Document, Cancel));
        Assert.Equal(0, Files().FirstOpen());
    }

    [Fact]
    public async Task What_a_killed_one_has_left_is_in_nobodys_way()
    {
        // With the name taken; and one that had ended a generation, and began none.
        (await FencedLock.TakeAsync(_folder, "lock", TimeProvider.System, Cancel)).Dispose();
        Assert.True(File.Exists(Files().Temporary(0)));
        using (var taken = await FencedLock.TakeAsync(_folder, "lock", TimeProvider.System, Cancel))
        {
            Assert.True(taken.TryReplace(Document, "1"u8));
        }

        Files().End(0);
        using (var taken = await FencedLock.TakeAsync(_folder, "lock", new FakeTimeProvider(), Cancel))
        {
            Assert.True(taken.TryReplace(Document, "2"u8));
        }

        Assert.Equal("2", await File.ReadAllTextAsync(Document, Cancel));
        Assert.Equal(1, Files().FirstOpen());
    }

    [Fact]
    public async Task Where_no_lock_can_be_had_it_is_said_which()
    {
        var time = new FakeTimeProvider();
        var held = Enumerable.Range(0, 16).Select(generation => FencedLock.TryLock(Files(), generation, out _)!).ToList();
        var next = FencedLock.TakeAsync(_folder, "lock", time, Cancel);
        Pass(time, 40);
        var error = await Assert.ThrowsAsync<MillraceException>(() => next);
        Assert.Equal("MR6003", error.Code);
        Assert.Matches(@"lock\.\d\.lock could not be locked within 30 s: ", error.Message);
        held.ForEach(one => one.Dispose());
    }

    [Fact]
    public void The_first_generation_that_has_not_ended_is_found_however_many_have()
    {
        for (int ended = 0; ended < 70; ended++)
        {
            Assert.Equal(ended, Files().FirstOpen());
            Files().End(ended);
        }
    }

    [Fact]
    public void Whatever_is_frozen_killed_and_taken_away_no_write_is_lost() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 9]).Array[10, 120].Sample(
            steps =>
            {
                foreach (string file in Directory.EnumerateFileSystemEntries(_folder))
                {
                    if (Directory.Exists(file))
                    {
                        Directory.Delete(file);
                    }
                    else
                    {
                        File.Delete(file);
                    }
                }

                var writers = Enumerable.Range(0, 4).Select(_ => new Writer(Files(), Document)).ToList();
                int written = 0;
                foreach (var (writer, what) in steps)
                {
                    written += writers[writer].Step(what) ? 1 : 0;
                    Assert.Equal(written, Writer.Read(Document));
                }

                writers.ForEach(writer => writer.Kill());
            },
            iter: 1_000,
            threads: 1);

    // Whoever waits looks every few milliseconds.
    private static void Pass(FakeTimeProvider time, double seconds)
    {
        for (double passed = 0; passed < seconds; passed += 0.005)
        {
            time.Advance(TimeSpan.FromMilliseconds(5));
        }
    }

    private FencedLockFiles Files() => new(Path.Combine(_folder, "lock"));

    /// <summary>Adds one to a number in a file, step by step: between any two of them it may be frozen while others go on.</summary>
    private sealed class Writer(FencedLockFiles files, string path)
    {
        private long _generation;
        private FencedLock? _held;
        private int? _seen;

        public static int Read(string path) => File.Exists(path) ? int.Parse(File.ReadAllText(path), CultureInfo.InvariantCulture) : 0;

        /// <summary>Says whether the step has written.</summary>
        public bool Step(int what)
        {
            if (what == 9)
            {
                Kill();
            }
            else if (_held is null)
            {
                // Most often it looks which generation there is, or ends it; else it goes by what it has seen long ago.
                if (what < 6)
                {
                    _generation = files.FirstOpen() + (what / 2);
                }

                if (what % 2 == 0)
                {
                    _held = FencedLock.TryLock(files, _generation, out _);
                }
            }
            else if (_seen is null)
            {
                if (what == 8 && files.FirstOpen() < _generation)
                {
                    // It may stop in the middle.
                    files.End(files.FirstOpen());
                }
                else if (_held.TryClaim())
                {
                    _seen = Read(path);
                }
                else
                {
                    Kill();
                }
            }
            else
            {
                bool hasWritten = _held.TryReplace(path, System.Text.Encoding.UTF8.GetBytes($"{_seen + 1}"));
                Kill();
                return hasWritten;
            }

            return false;
        }

        public void Kill()
        {
            _held?.Dispose();
            (_held, _seen) = (null, null);
        }
    }
}
