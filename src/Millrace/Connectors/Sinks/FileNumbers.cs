using Millrace.State;

namespace Millrace.Connectors;

/// <summary>
/// Which number the next file of a subtask gets, kept in checkpoints. The folder alone does not tell: while it is listed, another subtask may be giving a
/// restored file its final name, and the file is then seen under neither.
/// </summary>
internal sealed class FileNumbers
{
    // Both in one number, the subtask in the upper half: state needs no type of its own then.
    private const int SubtaskShift = 32;
    private readonly OperatorListState<long> _numbers;
    private readonly SinkWriterContext _context;

    public FileNumbers(SinkWriterContext context, int firstInFolder)
    {
        _context = context;
        _numbers = context.State.GetUnionListState(new ListStateDescriptor<long>("file-numbers"));
        Next = _numbers.Items.Where(entry => SubtaskOf(entry) == context.SubtaskIndex).Select(NumberOf).Append(firstInFolder).Max();
    }

    /// <summary>The number of the next file.</summary>
    public int Next { get; private set; }

    public int Take() => Next++;

    /// <summary>Brings the state up to date. What is known of subtasks that there are no more is kept by one of those that there are: they may come again.</summary>
    public void Save()
    {
        var others = _numbers.Items.Where(entry => SubtaskOf(entry) != _context.SubtaskIndex && SubtaskOf(entry) % _context.Parallelism == _context.SubtaskIndex);
        _numbers.Update([.. others, ((long)_context.SubtaskIndex << SubtaskShift) | (uint)Next]);
    }

    private static int SubtaskOf(long entry) => (int)(entry >> SubtaskShift);

    private static int NumberOf(long entry) => (int)entry;
}
