using System.CommandLine;
using Spectre.Console;
using TaxiRides;

var defaults = new TaxiRidesOptions();
var rides = SampleOption.Number("--rides", "How many rides are made, 1 to 1000000. Default: 10000, about 17 hours of the city.", 1, 1_000_000, "-n");
var seed = SampleOption.Number("--seed", "Decides everything about the rides. Default: 1.", 0, int.MaxValue);
var disorder = SampleOption.Time("--disorder", "How long an event may be on its way, so how far it may come behind a later one. Default: 5m.");
var missingEnds = SampleOption.Number("--missing-ends", "How many of a hundred rides have no END, 0 to 100. Default: 1.", 0, 100);
var missingFares = SampleOption.Number("--missing-fares", "How many of a hundred rides have no fare, 0 to 100. Default: 1.", 0, 100);
var rate = SampleOption.Rate("--rate", "Events read in a second, to have time to watch. Default: as fast as it goes.");
var output = SampleOption.Folder("--output", $"Folder of the results; those of an earlier run are overwritten. Default: {defaults.Output}", "-o");
var parallelism = SampleOption.Number("--parallelism", $"Subtasks per operator, 1 to 128. Default: one per processor, here {defaults.Parallelism}.", 1, 128, "-p");

var program = new SampleProgram("taxi-rides");
var command = new RootCommand("Makes taxi rides that arrive out of order, and writes what it finds out about them into a folder per result.")
{
    rides, seed, disorder, missingEnds, missingFares, rate, output, parallelism,
};
command.SetAction((parsed, cancellationToken) =>
{
    var options = new TaxiRidesOptions
    {
        Rides = parsed.GetValue(rides) ?? defaults.Rides,
        Seed = parsed.GetValue(seed) ?? defaults.Seed,
        Disorder = parsed.GetValue(disorder) ?? defaults.Disorder,
        MissingEnds = parsed.GetValue(missingEnds) ?? defaults.MissingEnds,
        MissingFares = parsed.GetValue(missingFares) ?? defaults.MissingFares,
        Rate = parsed.GetValue(rate),
        Output = parsed.GetValue(output) ?? defaults.Output,
        Parallelism = parsed.GetValue(parallelism) ?? defaults.Parallelism,
    };
    var results = new ResultFolders(options.Output);
    return program.RunAsync(
        new TaxiRidesJob(options, results), options.Parallelism, TaxiRidesJob.LongRidesOperator, job => Summary.Write(AnsiConsole.Console, results, job), cancellationToken);
});
return await program.InvokeAsync(command, args);
