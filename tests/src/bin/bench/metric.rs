//! What is measured, and the bar for it.

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    PerSecond,
    Seconds,
    Milliseconds,
    Microseconds,
    Bytes,
    Megabytes,
    Percent,
    Ratio,
}

/// What a number should be. Missing one is reported and fails nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bar {
    /// For the reader alone.
    None,
    Below(f64),
    /// At least so many.
    AtLeast(f64),
    /// In commits of the baseline of the same round: the least, and what we aim at.
    OfBaseline {
        least: f64,
        aim: f64,
    },
}

macro_rules! metrics {
    ($($metric:ident: $name:literal, $unit:ident, $bar:expr;)+) => {
        /// Everything that one round measures.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Metric {
            $($metric,)+
        }

        impl Metric {
            /// In the order in which they are shown.
            pub(crate) const ALL: &[Self] = &[$(Self::$metric,)+];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$metric => $name,)+ }
            }

            pub(crate) fn unit(self) -> Unit {
                match self { $(Self::$metric => Unit::$unit,)+ }
            }

            pub(crate) fn bar(self) -> Bar {
                match self { $(Self::$metric => $bar,)+ }
            }
        }
    };
}

metrics! {
    Start: "start, with a new database", Seconds, Bar::Below(10.0);
    DispatchMedian: "dispatch to a waiting worker, p50", Milliseconds, Bar::Below(5.0);
    DispatchTail: "dispatch to a waiting worker, p99", Milliseconds, Bar::Below(50.0);
    ReleaseMedian: "release of a dependent, p50", Milliseconds, Bar::Below(10.0);
    ReleaseTail: "release of a dependent, p99", Milliseconds, Bar::None;
    Chain: "chain of 10", Milliseconds, Bar::Below(300.0);
    Baseline: "baseline: pgbench inserts, 32 clients", PerSecond, Bar::None;
    Create: "createTask, 32 clients", PerSecond, Bar::OfBaseline { least: 0.25, aim: 0.25 };
    CreateDrover: "  CPU of Drover, each", Microseconds, Bar::None;
    CreateDatabase: "  CPU of PostgreSQL, each", Microseconds, Bar::None;
    CreateTail: "  createTask, p99", Milliseconds, Bar::None;
    Lifecycle: "full lifecycle, 256 clients", PerSecond, Bar::OfBaseline { least: 0.20, aim: 0.35 };
    LifecycleDrover: "  CPU of Drover, each", Microseconds, Bar::None;
    LifecycleDatabase: "  CPU of PostgreSQL, each", Microseconds, Bar::Below(230.0);
    LifecycleLoad: "  CPU of the load itself, each", Microseconds, Bar::None;
    Wal: "  write-ahead log, each", Bytes, Bar::Below(5200.0);
    LifecycleCreateTail: "  createTask, p99", Milliseconds, Bar::None;
    LifecycleClaimTail: "  claimWork, p99", Milliseconds, Bar::None;
    LifecycleReportTail: "  reportCompleted, p99", Milliseconds, Bar::None;
    Reads: "status and definition reads, 32 clients", PerSecond, Bar::AtLeast(10_000.0);
    ReadMedian: "  each, p50", Milliseconds, Bar::None;
    ReadTail: "  each, p99", Milliseconds, Bar::Below(20.0);
    ReadLifecycles: "  lifecycles meanwhile, 16 clients", PerSecond, Bar::None;
    RolesMedian: "1,000 scopes expanded by 10,000 roles, p50", Milliseconds, Bar::Below(5.0);
    RolesTail: "1,000 scopes expanded by 10,000 roles, p99", Milliseconds, Bar::None;
    RightsCreate: "createTask, 200 scopes, 500 roles", PerSecond, Bar::OfBaseline { least: 0.25, aim: 0.25 };
    RightsLifecycle: "full lifecycle, 200 scopes, 500 roles", PerSecond, Bar::OfBaseline { least: 0.20, aim: 0.35 };
    FanOut: "10,000 dependents released", Seconds, Bar::Below(1.0);
    Push: "graph of 10,972 tasks submitted", Seconds, Bar::Below(3.0);
    IdleMemory: "memory of Drover, idle", Megabytes, Bar::Below(100.0);
    DecisionMedian: "decision about a pool of 20 launch configs, p50", Milliseconds, Bar::Below(0.05);
    DecisionTail: "decision about a pool of 20 launch configs, p99", Milliseconds, Bar::None;
    LaunchMedian: "task pending to the provider's answer, p50", Milliseconds, Bar::Below(300.0);
    LaunchTail: "task pending to the provider's answer, p99", Milliseconds, Bar::Below(1000.0);
    RegisterMedian: "registerWorker, 50 a second, p50", Milliseconds, Bar::None;
    RegisterTail: "registerWorker, 50 a second, p99", Milliseconds, Bar::Below(100.0);
    PoolPass: "1,000 pools of 20,000 workers decided about", Seconds, Bar::Below(1.0);
    JobRate: "job messages for Treeherder", PerSecond, Bar::AtLeast(2000.0);
    JobMedian: "from a commit to the job message, p50", Milliseconds, Bar::Below(30.0);
    JobTail: "from a commit to the job message, p99", Milliseconds, Bar::None;
    PeakMemory: "memory of Drover, most", Megabytes, Bar::Below(250.0);
    ApartIdle: "process per role: the busiest, idle", Percent, Bar::Below(1.0);
    ApartDispatchMedian: "  dispatch to a waiting worker, p50", Milliseconds, Bar::Below(10.0);
    ApartDispatchTail: "  dispatch to a waiting worker, p99", Milliseconds, Bar::Below(50.0);
    ApartReleaseMedian: "  release of a dependent, p50", Milliseconds, Bar::Below(20.0);
    ApartReleaseTail: "  release of a dependent, p99", Milliseconds, Bar::Below(100.0);
    ApartChain: "  chain of 10", Milliseconds, Bar::Below(500.0);
    EventMedian: "  delivery of events, 700 a second, p50", Milliseconds, Bar::Below(15.0);
    EventTail: "  delivery of events, 700 a second, p99", Milliseconds, Bar::Below(60.0);
    EventRate: "  delivery of 20,000 events at once", PerSecond, Bar::AtLeast(4000.0);
    ApartLifecycle: "  full lifecycle, 256 clients", PerSecond, Bar::None;
    ApartDrover: "    CPU of Drover, each", Microseconds, Bar::None;
    ApartDatabase: "    CPU of PostgreSQL, each", Microseconds, Bar::None;
    ApartBroker: "    CPU of RabbitMQ, each", Microseconds, Bar::None;
    ApartShare: "    of the rate of one process", Ratio, Bar::AtLeast(0.7);
    RelayShare: "    of the rate without a relay", Ratio, Bar::AtLeast(0.5);
}

impl Metric {
    /// It is measured only where there is a broker.
    pub(crate) fn needs_broker(self) -> bool {
        matches!(self, Self::JobRate | Self::JobMedian | Self::JobTail) || self >= Self::ApartIdle
    }
}
