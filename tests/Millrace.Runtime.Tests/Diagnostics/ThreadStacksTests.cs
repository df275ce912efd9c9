using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Millrace.Runtime.Diagnostics;

namespace Millrace.Runtime.Tests.Diagnostics;

public sealed class ThreadStacksTests
{
    private readonly Lock _gate = new();
    private readonly ManualResetEventSlim _running = new();
    private volatile bool _stop;

    [Fact]
    public void Capture_ThreadSpins_NamesTheMethodItSpinsIn()
    {
        Thread thread = new(CallsTheSpinningFunction) { IsBackground = true };
        thread.Start();
        _running.Wait(TestContext.Current.CancellationToken);
        string stack = ThreadStacks.Capture(thread.ManagedThreadId);
        _stop = true;
        thread.Join();

        string[] lines = stack.Split('\n');
        Assert.All(lines, line => Assert.StartsWith("   at ", line, StringComparison.Ordinal));
        int inner = Array.FindIndex(lines, line => line.Contains($"{nameof(ThreadStacksTests)}.{nameof(SpinsForever)}(", StringComparison.Ordinal));
        int outer = Array.FindIndex(lines, line => line.Contains($"{nameof(ThreadStacksTests)}.{nameof(CallsTheSpinningFunction)}(", StringComparison.Ordinal));
        Assert.True(inner >= 0 && outer > inner, $"Expected the spinning method above its caller, but the stack is:\n{stack}");
    }

    [Fact]
    public void Capture_ThreadBlocksOnALock_NamesTheMethodThatTakesIt()
    {
        Thread thread = new(BlocksOnTheLock) { IsBackground = true };
        string stack;
        lock (_gate)
        {
            thread.Start();
            _running.Wait(TestContext.Current.CancellationToken);
            stack = ThreadStacks.Capture(thread.ManagedThreadId);
        }

        thread.Join();
        Assert.Contains($"{nameof(ThreadStacksTests)}.{nameof(BlocksOnTheLock)}()", stack, StringComparison.Ordinal);
    }

    [Fact]
    public void Capture_ThreadIsInANativeFunctionThatLeavesNoMark_NamesTheCallerOrSaysThatItSearched()
    {
        Thread thread = new(CallsTheCallerOfALeaf) { IsBackground = true };
        thread.Start();
        _running.Wait(TestContext.Current.CancellationToken);
        string stack = ThreadStacks.Capture(thread.ManagedThreadId);
        _stop = true;
        thread.Join();

        // Caught between two calls the thread is in managed code; caught within one, what can be found depends on what the small dump holds.
        bool named = stack.Contains($"{nameof(ThreadStacksTests)}.{nameof(CallsALeafForever)}()", StringComparison.Ordinal);
        Assert.True(named || stack.StartsWith("   at (", StringComparison.Ordinal), stack);
    }

    [Fact]
    public void Capture_ThreadWaitsInANativeFunction_NamesTheMethodThatCallsIt()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The function is one of Linux's C library.");
        Thread thread = new(WaitsInNativeCode) { IsBackground = true };
        thread.Start();
        _running.Wait(TestContext.Current.CancellationToken);
        string stack = ThreadStacks.Capture(thread.ManagedThreadId);
        _stop = true;
        thread.Join();
        Assert.True(stack.Contains($"{nameof(ThreadStacksTests)}.{nameof(WaitsInNativeCode)}()", StringComparison.Ordinal), stack);
    }

    [Fact]
    public void Capture_NoSuchThread_SaysSo()
        => Assert.Contains("there is no managed thread 2147483647", ThreadStacks.Capture(int.MaxValue), StringComparison.Ordinal);

    [Fact]
    public void Capture_Done_LeavesNoFileBehind()
    {
        DirectoryInfo temporary = Directory.CreateTempSubdirectory("millrace-tests-");
        try
        {
            string stack = ThreadStacks.Capture(Environment.CurrentManagedThreadId, temporary.FullName);
            Assert.Contains(nameof(Capture_Done_LeavesNoFileBehind), stack, StringComparison.Ordinal);
            Assert.Empty(temporary.EnumerateFileSystemInfos());
        }
        finally
        {
            temporary.Delete(recursive: true);
        }
    }

    [Fact]
    public void Capture_NowhereToWriteTheDump_SaysWhyInsteadOfThrowing()
    {
        string file = Path.GetTempFileName();
        try
        {
            string stack = ThreadStacks.Capture(Environment.CurrentManagedThreadId, file);
            Assert.StartsWith("   at (no stack: ", stack, StringComparison.Ordinal);
            Assert.Contains(file, stack, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("A.B.Map[[System.__Canon, System.Private.CoreLib]](System.__Canon, Int32[])", "A.B.Map(System.__Canon, Int32[])")]
    [InlineData("A.B`2[[System.Int32[], X],[A.C`1[[Y, Z]], X]].Map()", "A.B`2.Map()")]
    [InlineData("A.B.Map(Int32[,])", "A.B.Map(Int32[,])")]
    public void WithoutTypeArguments_Signature_KeepsWhatAReaderNeeds(string signature, string expected)
        => Assert.Equal(expected, ThreadStacks.WithoutTypeArguments(signature));

    // Not inlined, so that an optimized build has the frames that the tests look for.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void CallsTheSpinningFunction()
    {
        SpinsForever("argument", []);

        // Keeps the call above from being a tail call, which would take this method off the stack.
        GC.KeepAlive(this);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SpinsForever<T>(T argument, int[] counter)
    {
        _running.Set();
        while (!_stop)
        {
            GC.KeepAlive(argument);
            GC.KeepAlive(counter);
        }
    }

    private void BlocksOnTheLock()
    {
        _running.Set();
        lock (_gate)
        {
            GC.KeepAlive(this);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void CallsTheCallerOfALeaf()
    {
        CallsALeafForever();
        GC.KeepAlive(this);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void CallsALeafForever()
    {
        double value = 1.1;
        while (!_stop)
        {
            for (int i = 0; i < 1_000; i++)
            {
                value = 1.1 + (Math.Pow(value, 1.0001) % 1);
            }

            _running.Set();
        }

        GC.KeepAlive(value);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WaitsInNativeCode()
    {
        _running.Set();
        while (!_stop)
        {
            _ = WaitInNativeCode(0, 0, 100);
        }
    }

    [DllImport("libc", EntryPoint = "poll")]
    private static extern int WaitInNativeCode(nint descriptors, nuint count, int milliseconds);
}
