//! What an operator can set about the relay.

use base::settings::Span;

base::settings! {
    /// The relay: how events get from the outbox to the bus.
    pub struct RelaySettings {
        /// How often events that other processes wrote are looked for. Those of the own process are sent at once.
        pub interval: Span = Span::millis(50),
        /// How long the bus may take to confirm a batch before it is sent again.
        pub confirm_within: Span = Span::seconds(10),
        /// Most events in one batch.
        pub batch: i32 = 500,
        /// Names of the exchanges for the world, with `{service}` and `{name}`.
        pub exchange_names: String = "exchange/taskcluster-{service}/v1/{name}".to_owned(),
        /// The exchange on which Drover's own parts hear of events, as protobuf.
        pub own_exchange: String = "drover/v1/task-event".to_owned(),
    }
}
