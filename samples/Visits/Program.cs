using Microsoft.Extensions.Hosting;
using Millrace.Hosting;
using Visits;

// All that makes it a worker of a cluster is UseCluster. Where the others are comes from the configuration: docs/guides/three-machines.md.
var builder = Host.CreateApplicationBuilder(args);
builder.AddMillrace()
    .AddJob<VisitsJob>()
    .UseCluster();
await builder.Build().RunAsync();
