//! `.cron.yml` of default branches.

mod dates;
mod repositories;
mod task;

pub use dates::CronDates;
pub use repositories::CronRepositories;
