//! What an operator can set about notifications.

use base::{ConfigDuration, Secret};
use serde::{Deserialize, Serialize};

base::settings! {
    /// Where notifications are delivered. What cannot be delivered waits for a day and then fails.
    pub struct NotifySettings {
        /// How often notifications are looked for that another process took in.
        pub interval: ConfigDuration = ConfigDuration::millis(500),
        /// How long an e-mail address is denied that was refused for good three times in a day.
        pub denied_for: ConfigDuration = ConfigDuration::days(30),
        /// The mail server.
        pub email: EmailSettings,
        /// The Matrix homeserver.
        pub matrix: MatrixSettings,
        /// The Slack workspace.
        pub slack: SlackSettings,
    }
}

base::settings! {
    /// A mail server that takes mails for any address.
    pub struct EmailSettings {
        /// The host. Empty: no e-mails are sent.
        pub host: String = String::new(),
        /// The port: usually 587 with `starttls`, 465 with `tls`, 25 with `none`.
        pub port: u16 = 587,
        /// How the connection is encrypted: `starttls`, `tls` from the start, or `none`.
        pub tls: EmailTls = EmailTls::Starttls,
        /// A PEM file with the certificate authorities to trust besides those of the system.
        pub ca_file: String = String::new(),
        /// The user that Drover logs in as. Empty: it does not log in.
        pub user: String = String::new(),
        /// The password of this user.
        pub password: Secret = Secret::default(),
        /// The address that mails come from; its domain is also that of their `Message-ID`.
        pub from: String = String::new(),
    }
}

base::settings! {
    /// A user of a Matrix homeserver, who has joined the rooms that are written to.
    pub struct MatrixSettings {
        /// The address of the homeserver, like `https://matrix.example.com`. Empty: nothing is sent to rooms.
        pub url: String = String::new(),
        /// The access token of the user.
        pub access_token: Secret = Secret::default(),
    }
}

base::settings! {
    /// A Slack app that may write to channels (`chat:write`, and `chat:write.public` for channels it has not joined).
    pub struct SlackSettings {
        /// The app's bot token. Empty: nothing is sent to channels.
        pub token: Secret = Secret::default(),
        /// The address of the API.
        pub url: String = "https://slack.com/api".to_owned(),
    }
}

/// How a connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmailTls {
    #[default]
    Starttls,
    Tls,
    None,
}
