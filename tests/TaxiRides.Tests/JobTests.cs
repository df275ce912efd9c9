using CsCheck;
using Millrace.Testing;

namespace TaxiRides.Tests;

public sealed class JobTests
{
    public static TheoryData<string> Ways => [.. JobWay.All.Where(way => !way.IsAtLeastOnce).Select(way => way.Name)];

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 5)]
    [InlineData(2, 5)]
    [InlineData(2, 240)]
    public void The_job_finds_what_a_naive_computation_finds(int parallelism, int disorderMinutes)
    {
        var options = new TaxiRidesOptions { Rides = 1_200, Seed = 7, Disorder = TimeSpan.FromMinutes(disorderMinutes), MissingEnds = 5, MissingFares = 5 };
        var city = TaxiCity.Generate(options);
        var expected = Oracle.Of(city);
        Assert.All(expected.Names, name => Assert.NotEmpty(expected[name]));
        Assert.Null(expected.DifferenceTo(Run(city, options, parallelism)));
    }

    [Fact]
    public void Any_rides_at_any_disorder_and_parallelism_give_what_a_naive_computation_gives() =>
        Gen.Select(Gen.Int[1, 80], Gen.Int[0, 1_000_000], Gen.Int[0, 300], Gen.Int[0, 60], Gen.Int[0, 60], Gen.Int[1, 3]).Sample(
            (rides, seed, disorder, ends, fares, parallelism) =>
            {
                var options = new TaxiRidesOptions { Rides = rides, Seed = seed, Disorder = TimeSpan.FromMinutes(disorder), MissingEnds = ends, MissingFares = fares };
                var city = TaxiCity.Generate(options);
                Assert.Null(Oracle.Of(city).DifferenceTo(Run(city, options, parallelism)));
            },
            iter: 60,
            threads: 1);

    [Theory]
    [MemberData(nameof(Ways))]
    public void Crashes_savepoints_and_other_parallelisms_make_no_difference(string way)
    {
        var options = new TaxiRidesOptions { Rides = 200, Seed = 3, Disorder = TimeSpan.FromMinutes(30), MissingEnds = 10, MissingFares = 10 };
        var city = TaxiCity.Generate(options);
        var report = JobEquivalence.Check(
            job => Oracle.Declare(job, city, options), JobWay.Named(way), Oracle.Of(city), new JobEquivalenceOptions { Seeds = 2, Parallelisms = [1, 2] });
        Assert.True(report.Checkpoints > 0);
    }

    [Fact]
    public void The_generator_gives_the_same_for_the_same_seed_and_keeps_to_its_disorder()
    {
        var options = new TaxiRidesOptions { Rides = 2_000, Disorder = TimeSpan.FromMinutes(10), MissingEnds = 0, MissingFares = 100 };
        var city = TaxiCity.Generate(options);
        Assert.Equal(city.Rides, TaxiCity.Generate(options).Rides);
        Assert.NotEqual(city.Rides, TaxiCity.Generate(options with { Seed = 2 }).Rides);
        Assert.Equal(4_000, city.Rides.Length);
        Assert.Empty(city.Fares);

        var latest = DateTime.MinValue;
        var greatest = TimeSpan.Zero;
        int endsFirst = 0;
        HashSet<long> seen = [];
        foreach (var ride in city.Rides)
        {
            endsFirst += seen.Add(ride.RideId) && !ride.IsStart ? 1 : 0;
            greatest = TimeSpan.FromTicks(Math.Max(greatest.Ticks, (latest - ride.Time).Ticks));
            latest = ride.Time > latest ? ride.Time : latest;
        }

        Assert.InRange(greatest, options.Disorder / 2, options.Disorder);
        Assert.True(endsFirst > 20, $"{endsFirst} ENDs come before their START");
    }

    private static JobResults Run(TaxiCity city, TaxiRidesOptions options, int parallelism) =>
        JobEquivalence.RunUndisturbed(job => Oracle.Declare(job, city, options), new JobEquivalenceOptions { Parallelisms = [parallelism] });
}
