using FlightDelays.Terminal;

return await CommandLine.RunAsync(args);
