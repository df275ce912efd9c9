namespace Millrace.Cluster.Tests.Processes;

/// <summary>What can happen to a cluster in a round.</summary>
internal enum Fault
{
    WorkerKilled,
    CoordinatorKilled,
    TwoKilled,
    AllKilled,
    WorkerFrozen,
    CoordinatorFrozen,
    WorkerCutOff,
    CoordinatorCutOff,
    WorkerNotHeard,
    CoordinatorNotHeard,
    WorkerDeaf,
    CoordinatorDeaf,
    TwoApart,
    Disturbed,
    DiskFull,
    DiskFullAndCoordinatorKilled,
    StoreDown,
    StoreDownAndWorkerKilled,
    StoreDownAndCoordinatorKilled,
    RollingRestart,
}
