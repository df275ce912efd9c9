using Millrace;
using TaxiRides.Records;

namespace TaxiRides.Functions;

/// <summary>Lets through rides that begin and end in the city; the others go to a side output, so that nothing is dropped in silence.</summary>
public sealed class Cleansing : ProcessFunction<RideEvent, RideEvent>
{
    /// <summary>Rides that begin or end elsewhere.</summary>
    public static readonly OutputTag<RideEvent> OutsideTheCity = new("outside-the-city");

    /// <inheritdoc/>
    public override void ProcessElement(RideEvent ride, ProcessContext context, Collector<RideEvent> output)
    {
        if (NewYorkCity.Contains(ride.From) && NewYorkCity.Contains(ride.To))
        {
            output.Collect(ride);
        }
        else
        {
            context.Output(OutsideTheCity, ride);
        }
    }
}
