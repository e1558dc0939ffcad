//! Rows of the masters' tables, as far as the bridge needs them. Times are seconds since 1970, as the masters write them.

use sqlx::FromRow;

/// A build to be asked for. Whoever fills it has made sure that everything fits its column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassicOrder {
    /// What a task is found by, in `buildsets.external_idstring`.
    pub id_string: String,
    /// The value of the property [`ClassicOrder::KEY`], which tells several requests of one task apart.
    pub key: String,
    pub builder: String,
    pub priority: i32,
    pub reason: String,
    pub stamp: ClassicStamp,
    /// Names, and values as JSON `[value, source]`; the key is among them.
    pub properties: Vec<(String, String)>,
    pub submitted_at: i64,
}

impl ClassicOrder {
    /// The property that holds the key.
    pub const KEY: &'static str = "drover_task";
}

/// What is to be built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClassicStamp {
    pub branch: Option<String>,
    pub revision: Option<String>,
    pub repository: String,
    pub project: String,
}

/// Where a key led.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct ClassicCreated {
    pub buildset_id: i64,
    pub request_id: i64,
}

/// A build request.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ClassicRequest {
    pub id: i64,
    pub buildset_id: i64,
    pub builder: String,
    pub submitted_at: i64,
    /// When a master last said that it looks after it; 0: none does.
    pub claimed_at: i64,
    /// 1: it is over.
    pub complete: i64,
    pub results: Option<i64>,
}

/// A build, with what its request said in the same moment.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ClassicBuild {
    pub id: i64,
    /// Its number at its builder and master.
    pub number: i64,
    pub request_id: i64,
    pub start_time: i64,
    pub finish_time: Option<i64>,
    pub claimed_at: i64,
    pub complete: i64,
    pub results: Option<i64>,
}

/// What is known of the database as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassicShape {
    /// What the server calls its version.
    pub server: String,
    /// Columns that Buildbot 0.8 has and this database has not, as `table.column`.
    pub missing: Vec<String>,
    /// `buildsets.external_idstring` has an index.
    pub indexed: bool,
}
