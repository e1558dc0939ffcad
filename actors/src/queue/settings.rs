//! What an operator can set about the queue.

use base::settings::Span;

base::settings! {
    /// The queue: leases, waiting times, and how its hot steps are batched.
    pub struct QueueSettings {
        /// How long a claim lasts before it must be renewed by reclaimTask.
        pub claim_timeout: Span = Span::seconds(1200),
        /// How long after a task's deadline the queue ends it. Reports still under way are accepted until then.
        pub deadline_delay: Span = Span::seconds(60),
        /// Whether no worker at all may report a run as completed while an upload of it is unfinished: the answer is then
        /// 409. Drover's own workers ask for this whatever is set here; others keep the freedom they are used to.
        pub whole_uploads: bool = false,
        /// How long claimWork waits for a task before it answers with an empty list. Clients give up after 30 s.
        pub long_poll: Span = Span::seconds(20),
        /// How long a request waits for the queue before it is answered with 503.
        pub patience: Span = Span::seconds(25),
        /// Database connections for each hot step that writes (create, claim, report); reclaims and reads of one task have one each. On two cores one makes the larger batches and is faster; up to 4 help where there are more.
        pub lanes: usize = 1,
        /// Most requests that one database call carries.
        pub batch: usize = 128,
        /// Most requests that may wait for a hot step; one more is answered with 503.
        pub waiting: usize = 8192,
        /// How often time-driven work (expired claims, deadlines, lost wake-ups) is looked for.
        pub sweep_interval: Span = Span::seconds(1),
    }
}
