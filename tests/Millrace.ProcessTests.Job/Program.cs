using Millrace;
using Millrace.Checkpointing;
using Millrace.ProcessTests;

var options = ProcessJobOptions.FromArguments(args);
var death = new Death(options.DeathPoint, options.Occurrence);
var env = new StreamExecutionEnvironment(new ExecutionOptions
{
    Parallelism = options.Parallelism,
    MaxParallelism = 16,

    // A failure is an error of the test, not to be mended quietly.
    RestartStrategy = RestartStrategy.None(),
    Checkpoints = new CheckpointOptions
    {
        Storage = new DirectoryCheckpointStorage(Path.Combine(options.Folder, "checkpoints")),
        Interval = TimeSpan.FromMilliseconds(50),
        Unaligned = options.Unaligned,
    },
})
{
    LoggerFactory = death,
};
new ProcessJob(options, death).Build(env);
Console.Out.WriteLine("Starts.");
await env.ExecuteAsync(options.Name);
