//! What an operator can set about GitHub.

use base::{ConfigDuration, Secret};

base::settings! {
    /// The GitHub App that delivers events of repositories, and that shows what becomes of their tasks.
    pub struct GithubSettings {
        /// The id of the app. 0: there is none; deliveries are taken in, and wait.
        pub app_id: u64 = 0,
        /// The private key of the app, as the PEM text that GitHub generates.
        pub private_key: Secret = Secret::default(),
        /// The secrets that deliveries of the web hook may be signed with: one, or two while it is changed. Empty: no delivery is
        /// accepted.
        pub webhook_secrets: Vec<Secret> = Vec::new(),
        /// The address of GitHub's API.
        pub url: String = "https://api.github.com".to_owned(),
        /// How often deliveries and reports are looked for that another process took in.
        pub interval: ConfigDuration = ConfigDuration::millis(500),
    }
}
