//! Everything that talks to services outside of the installation to tell people something: e-mail, Matrix, Slack, GitHub.
//!
//! | actor | shape | owns | woken by | emits |
//! |---|---|---|---|---|
//! | `notify/email`, `notify/matrix-room`, `notify/slack-channel` | periodic | connections | a new notification, timer | what it delivers |
//! | `github/jobs` | periodic | nothing | a new delivery, timer | builds and their tasks |
//! | `github/reports` | periodic | nothing | a changed report, timer | check runs, statuses, comments |
//! | `github/missed` | periodic | the newest delivery that was seen | timer | nothing |
//! | `github/cron` | periodic | nothing | timer | deliveries of jobs whose dates have come |
//! | `github/cron-repositories` | periodic | nothing | timer | nothing |

mod channel;
mod deliver;
pub mod email;
pub mod github;
mod http;
pub mod matrix;
mod metrics;
mod settings;
pub mod sign_in;
pub mod slack;
#[cfg(test)]
mod tests;

pub use channel::{Channel, Delivery};
pub use deliver::Deliverer;
pub use settings::{EmailSettings, EmailTls, MatrixSettings, NotifySettings, SlackSettings};
