//! Worker pools: the states of their workers and of the launches that make them.

use crate::state::words;

words! {
    /// State of a worker that worker-manager knows; any step may be skipped.
    WorkerState {
        /// Asked of the provider; not registered yet.
        Requested = 0 "requested",
        Running = 1 "running",
        /// To be stopped, or being stopped by its provider.
        Stopping = 2 "stopping",
        Stopped = 3 "stopped",
    }
}

words! {
    /// State of a launch in the ledger. Those before settled count as supply.
    LaunchState {
        /// Committed with the decision; no call has been made.
        Planned = 0 "planned",
        /// A launcher has it.
        Calling = 1 "calling",
        /// The answer was lost. It is repeated with the same token until it is given up.
        Unknown = 2 "unknown",
        /// Its machines have worker rows.
        Settled = 3 "settled",
        Failed = 4 "failed",
    }
}
