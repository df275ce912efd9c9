// The engine's threads are shared by all jobs of a process, and several tests look whether they have ended.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
