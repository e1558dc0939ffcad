//! What an operator can set about the relay.

use base::settings::ConfigDuration;

base::settings! {
    /// The relay: how events get from the outbox to the bus.
    pub struct RelaySettings {
        /// How often the relay reads the outbox without being notified. A process that writes events notifies the relay at
        /// once, in its own process or over the bus; only a notification that was lost has to wait for this.
        pub interval: ConfigDuration = ConfigDuration::millis(500),
        /// How long the bus may take to confirm a batch before it is published again.
        pub confirm_within: ConfigDuration = ConfigDuration::seconds(10),
        /// Most events in one batch.
        pub batch: i32 = 500,
        /// How long events can be replayed and event streams resumed after they were published. They are dropped by whole days
        /// (UTC), so up to a day later. 0: they are not kept.
        pub keep_events: ConfigDuration = ConfigDuration::days(7),
        /// The internal exchange of events, as protobuf.
        pub internal_exchange: String = "drover/v1/task-event".to_owned(),
    }
}
