//! GitHub: deliveries become tasks, and what becomes of these is shown.

mod app;
mod build;
mod call;
mod cron;
mod jobs;
mod key;
mod metrics;
mod missed;
mod reads;
mod sender;
mod tokens;
mod write;

pub use app::App;
pub use cron::{CronDates, CronRepositories};
pub use jobs::JobRunner;
pub use missed::MissedDeliveries;
pub use sender::ReportSender;
