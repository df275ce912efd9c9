using Millrace.Simulation.Terminal;

return CommandLine.Run(args);
