//! Jobs of `.cron.yml`. A job whose date has come is stored as a delivery of our own, and handled like those of GitHub: with a lease, tried
//! again, one of a job after the other. Its id follows from repository, job and date, so that there is one for each date.

mod store;
mod task;

use protocol::{
    github::{CronJob, Repository},
    time::{self, Timestamp, wire},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
pub use store::CronRead;
pub use task::CronTask;

/// The event of such a delivery. One of GitHub's with this name is ignored when it is taken in.
pub const CRON_EVENT: &str = "cron";

/// The body of the delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CronBody {
    pub installation: i64,
    /// The default branch.
    pub branch: String,
    /// Its head when the date had come.
    pub sha: String,
    pub job: CronJob,
    #[serde(with = "wire")]
    pub date: Timestamp,
}

/// As GitHub's ids look.
fn delivery_id(repository: &Repository, job: &str, date: Timestamp) -> String {
    // Names of repositories are the same in all letter cases.
    let cause = format!("cron/{repository}/{job}/{}", time::format(date)).to_ascii_lowercase();
    super::receive::guid(&Sha256::digest(cause)[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_date_of_a_job_has_an_id_of_its_own() {
        let date: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        let id = |owner: &str, job: &str, date| delivery_id(&Repository::new(owner, "r").unwrap(), job, date);
        let first = id("Mozilla", "nightly", date);
        assert_eq!(first, id("mozilla", "nightly", date));
        assert_eq!(first.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        let later = date + chrono::TimeDelta::minutes(15);
        for other in [id("mozilla", "daily", date), id("other", "nightly", date), id("mozilla", "nightly", later)] {
            assert_ne!(first, other);
        }
    }
}
