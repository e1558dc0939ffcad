use base::{Secret, Span};
use serde::{Deserialize, Serialize};

base::settings! {
    /// The HTTP server.
    pub struct ApiSettings {
        /// The address under which clients reach this house, without a slash at the end; it stands in references and
        /// in redirects. Empty: the listening address.
        pub root_url: String = String::new(),
        /// Requests worked on at the same time; further ones are answered 503 with a retry hint. Workers that wait
        /// for a task do not count.
        pub requests: usize = 2048,
        /// Workers that may wait for a task at the same time.
        pub waiting_workers: usize = 20_000,
        /// Connections that may follow live events at the same time.
        pub live_connections: usize = 1000,
        /// How long a request may take, from its last header to its answer.
        pub deadline: Span = Span::seconds(30),
        /// How long an upload of one file may take.
        pub upload_deadline: Span = Span::hours(2),
        /// How long open requests may go on once the process is told to stop.
        pub drain_deadline: Span = Span::seconds(8),
        /// Biggest JSON body, in bytes.
        pub body_limit: usize = 10 * 1024 * 1024,
        /// Biggest body of a whole graph, in bytes.
        pub graph_limit: usize = 64 * 1024 * 1024,
        /// The secret that Drover shares with websocktunnel, to sign the tokens of its clients. Empty: there are no
        /// such tokens.
        pub websocktunnel_secret: Secret = Secret::default(),
    }
}

/// A client that belongs to the settings and cannot be changed through the API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StaticClient {
    pub client_id: String,
    pub access_token: Secret,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub scopes: Vec<String>,
}
