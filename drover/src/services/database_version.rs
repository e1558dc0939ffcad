//! Every process logs when the database goes below the version it needs, and when it is back.

use actors::database_version;

use crate::service::{Actors, Children, Service};

pub(super) struct DatabaseVersion;

impl Service for DatabaseVersion {
    fn name(&self) -> &'static str {
        "database-version"
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] = &[Actors::of_every_process(|context| {
            Ok(Children::none()
                .actor(database_version::part(context.db.clone(), context.rng.branch("database-version"))))
        })];
        ACTORS
    }
}
