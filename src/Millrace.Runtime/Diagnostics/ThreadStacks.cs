using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Diagnostics.Runtime;

namespace Millrace.Runtime.Diagnostics;

/// <summary>
/// Takes the managed stack of another thread of this process, whatever that thread is doing: a thread that spins never reaches a point where
/// it could be asked, and .NET has no call for it.
/// </summary>
/// <remarks>
/// The runtime's own <c>createdump</c> writes a small dump of the process, the thread's stack is read from it, and the file is deleted. The
/// process stands still while the dump is written: about 0.3 s, whatever the size of the heap, because a normal dump leaves the heap out.
/// </remarks>
internal static partial class ThreadStacks
{
    private const int MaxFrames = 200;
    private const int MaxSearchedBytes = 256 * 1024;
    private const string Prefix = "   at ";

    // Long enough for a machine that is busy with other things; the watchdog must get on with failing the job.
    private static readonly TimeSpan DumpTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    // A process has one tracer at a time, so a second dump that overlaps the first would fail.
    private static readonly Lock OneDumpAtATime = new();

    /// <summary>Renders the managed stack of a thread, topmost method first, one line per method.</summary>
    /// <param name="managedThreadId">The thread's <see cref="Thread.ManagedThreadId"/>.</param>
    /// <returns>Lines of the form <c>   at Namespace.Type.Method(args)</c>; where there is no way to get them, one line that says why. Returns within 20 s.</returns>
    internal static string Capture(int managedThreadId) => Capture(managedThreadId, Path.GetTempPath());

    /// <summary>The same with the dump, while it is needed, in a directory of its own below <paramref name="temporary"/>.</summary>
    internal static string Capture(int managedThreadId, string temporary)
    {
        string? stack = null;
        Thread capturer = new(() => stack = CaptureOrSayWhyNot(managedThreadId, temporary)) { IsBackground = true, Name = "millrace-stack-capture" };
        try
        {
            capturer.Start();
            capturer.Join(Timeout);
        }
        catch (Exception exception) when (exception is OutOfMemoryException or ThreadStartException or ThreadInterruptedException)
        {
            return Unavailable(exception.Message);
        }

        return Volatile.Read(ref stack) ?? Unavailable($"taking it took longer than {Timeout.TotalSeconds:0} s");
    }

    private static string CaptureOrSayWhyNot(int managedThreadId, string temporary)
    {
        try
        {
            lock (OneDumpAtATime)
            {
                string directory = CreatePrivateDirectory(Path.Combine(temporary, $"millrace-stack-{Guid.NewGuid():N}"));
                try
                {
                    string dump = Path.Combine(directory, "dump");
                    return WriteDump(dump) ?? ReadStack(dump, managedThreadId);
                }
                finally
                {
                    Directory.Delete(directory, recursive: true);
                }
            }
        }
        catch (Exception exception)
        {
            // Whatever goes wrong here must not hide what the caller reports: that a function is stuck.
            return Unavailable(exception.Message);
        }
    }

    /// <summary>A dump holds what the process holds, secrets too: where it lies only this user can read.</summary>
    private static string CreatePrivateDirectory(string path)
    {
        // On Windows the temporary directory is the user's own already.
        DirectoryInfo directory = OperatingSystem.IsWindows()
            ? Directory.CreateDirectory(path)
            : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return directory.FullName;
    }

    /// <summary>Has the dump written. Returns why it could not be, or null.</summary>
    private static string? WriteDump(string path)
    {
        string tool = RuntimeFile(OperatingSystem.IsWindows() ? "createdump.exe" : "createdump");
        if (!File.Exists(tool))
        {
            return Unavailable($"this .NET runtime has no createdump ({tool})");
        }

        // Started by ourselves rather than through the diagnostics port: that can be switched off, and its createdump writes to our standard output.
        ProcessStartInfo start = new(tool, ["--normal", "--name", path, Environment.ProcessId.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        AllowTracing(true);
        try
        {
            using Process process = Process.Start(start) ?? throw new Win32Exception($"{tool} did not start");
            if (!process.WaitForExit(DumpTimeout))
            {
                process.Kill();
                return Unavailable($"createdump took longer than {DumpTimeout.TotalSeconds:0} s");
            }

            // Its few lines fit the pipe, so reading them after the end cannot have blocked it.
            string said = process.StandardError.ReadToEnd() + process.StandardOutput.ReadToEnd();
            return process.ExitCode == 0 && File.Exists(path)
                ? null
                : Unavailable($"createdump ended with {process.ExitCode} (a container needs permission to trace its own processes): {said.ReplaceLineEndings(" ").Trim()}");
        }
        finally
        {
            AllowTracing(false);
        }
    }

    private static string ReadStack(string dump, int managedThreadId)
    {
        string accessLibrary = RuntimeFile(
            OperatingSystem.IsWindows() ? "mscordaccore.dll" : OperatingSystem.IsMacOS() ? "libmscordaccore.dylib" : "libmscordaccore.so");
        using DataTarget target = DataTarget.LoadDump(dump);
        if (target.ClrVersions.Length == 0)
        {
            return Unavailable("the dump shows no .NET runtime");
        }

        // The library stands beside the runtime that we run on, so it is the matching one; a normal dump does not carry the version to check it by.
        using ClrRuntime runtime = target.ClrVersions[0].CreateRuntime(accessLibrary, ignoreMismatch: true);
        ClrThread? thread = runtime.Threads.FirstOrDefault(candidate => candidate.ManagedThreadId == managedThreadId);
        if (thread is null)
        {
            return Unavailable($"there is no managed thread {managedThreadId}; it may have ended");
        }

        List<ClrMethod> methods = [.. Methods(thread.EnumerateStackTrace().Select(frame => frame.Method))];
        StringBuilder stack = new();
        if (methods.Count == 0)
        {
            methods = [.. Methods(ReturnAddresses(target.DataReader, thread).Select(address => MethodAround(runtime, address)))];
            if (methods.Count == 0)
            {
                return Unavailable($"thread {managedThreadId} is in no managed method");
            }

            stack.Append(Prefix).Append("(a native function; found by searching the stack: some methods may be missing, and one that has returned may be left over)\n");
        }

        foreach (var method in methods.Take(MaxFrames))
        {
            stack.Append(Prefix).Append(WithoutTypeArguments(method.Signature ?? method.Name ?? "a method without a name")).Append('\n');
        }

        if (methods.Count > MaxFrames)
        {
            stack.Append(Prefix).Append("... (only the topmost ").Append(MaxFrames).Append(" are shown)\n");
        }

        return stack.ToString(0, stack.Length - 1);
    }

    /// <summary>As many as are shown, and one to tell whether there are more.</summary>
    private static IEnumerable<ClrMethod> Methods(IEnumerable<ClrMethod?> methods) => methods.OfType<ClrMethod>().Take(MaxFrames + 1);

    /// <summary>
    /// Everything on the stack that may be a return address. The runtime cannot unwind a native function that it calls without leaving a mark, such as
    /// <see cref="Math.Pow"/> or one with <see cref="SuppressGCTransitionAttribute"/>; the methods that led there are on the stack all the same, as far as the dump knows them.
    /// </summary>
    private static IEnumerable<ulong> ReturnAddresses(IDataReader reader, ClrThread thread)
    {
        // Where a thread's context, as Windows defines it and the dump's reader gives it everywhere, has the stack pointer.
        (uint All, int Size, int StackPointer)? layout = reader.Architecture switch
        {
            Architecture.X64 => (0x10_001Fu, 1232, 0x98),
            Architecture.Arm64 => (0x40_001Fu, 912, 0x100),
            _ => null,
        };
        if (layout is not { } known)
        {
            yield break;
        }

        byte[] context = new byte[known.Size];
        if (!reader.GetThreadContext(thread.OSThreadId, known.All, context))
        {
            yield break;
        }

        ulong start = BitConverter.ToUInt64(context, known.StackPointer);
        for (ulong offset = 0; offset < MaxSearchedBytes && reader.ReadPointer(start + offset, out ulong value); offset += sizeof(ulong))
        {
            yield return value;
        }
    }

    private static ClrMethod? MethodAround(ClrRuntime runtime, ulong address)
    {
        // The very beginning of a method is what a delegate points to; no call returns there.
        var method = address < 0x1_0000 ? null : runtime.GetMethodByInstructionPointer(address);
        return method?.NativeCode == address ? null : method;
    }

    /// <summary>Takes the runtime's type arguments out of a signature, <c>Map[[System.__Canon, System.Private.CoreLib]](Int32)</c>: they say nothing to a reader.</summary>
    internal static string WithoutTypeArguments(string signature)
    {
        StringBuilder result = new(signature.Length);
        int depth = 0;
        for (int i = 0; i < signature.Length; i++)
        {
            char character = signature[i];
            if (depth > 0)
            {
                depth += character switch { '[' => 1, ']' => -1, _ => 0 };
            }
            else if (character == '[' && i + 1 < signature.Length && signature[i + 1] == '[')
            {
                depth = 1;
            }
            else
            {
                result.Append(character);
            }
        }

        return result.ToString();
    }

    private static string Unavailable(string reason) => $"{Prefix}(no stack: {reason})";

    private static string RuntimeFile(string name) => Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), name);

    /// <summary>Lets a child trace its parent where Linux's Yama module would forbid it; elsewhere the call does nothing.</summary>
    private static void AllowTracing(bool allow)
    {
        const int SetTracer = 0x59616d61;
        if (OperatingSystem.IsLinux())
        {
            _ = ProcessControl(SetTracer, allow ? -1 : 0, 0, 0, 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int ProcessControl(int option, nint argument2, nint argument3, nint argument4, nint argument5);
}
