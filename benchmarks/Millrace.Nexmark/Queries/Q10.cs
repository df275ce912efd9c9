using System.Globalization;
using Millrace.Connectors;

namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q10 : NexmarkQuery<Q10.Result>
{
    public override string Name => "q10";

    public override string Description => "Log to files: every bid into CSV files, in a folder for each day and minute. Its results are always written, to a temporary folder where no other is named.";

    public override bool WritesFiles => true;

    public override ResultFiles<Result> Files => new(CsvFormat.Of<Result>(), BucketAssigner.By<Result>(static result => $"dt={result.Date}/hm={result.Minute}"));

    // Names of days and minutes are made once for as long as they last: no bid pays for text that the one before it had.
    public override DataStream<Result> Results(NexmarkInput input) => input.Bids.Process(static () => new Dating());

    internal readonly record struct Result(long Auction, long Bidder, long Price, long DateTime, string Extra, string Date, string Minute) : IResult
    {
        public long Digest => Auction + Bidder + Price + DateTime + Extra.Length + Date.Length + Minute.Length;
    }

    private sealed class Dating : ProcessFunction<Model.Bid, Result>
    {
        private long _minute = long.MinValue;
        private string _date = "";
        private string _time = "";

        public override void ProcessElement(Model.Bid value, ProcessContext context, Collector<Result> output)
        {
            long minute = value.DateTime / Days.MillisecondsPerMinute;
            if (minute != _minute)
            {
                var time = DateTimeOffset.FromUnixTimeMilliseconds(value.DateTime);
                _minute = minute;
                _date = time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
                _time = time.ToString("HHmm", CultureInfo.InvariantCulture);
            }

            output.Collect(new Result(value.Auction, value.Bidder, value.Price, value.DateTime, value.Extra, _date, _time));
        }
    }
}
