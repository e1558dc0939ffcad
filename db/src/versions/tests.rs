//! What the rules of the versions promise, on a real server and with small versions made up here.

mod constants;
mod deferred;
mod files;
mod online;
mod preflight;
mod shipped;
mod walking;

use super::load::{self, Version};
use super::session::Session;
use crate::testing::TestDatabase;

/// Versions from `(path, text)` pairs.
fn versions(files: &[(&str, &str)]) -> Vec<Version> {
    load::load(files.iter().map(|&(path, text)| (path.to_owned(), text.to_owned()))).unwrap()
}

/// A session on a database with nothing in it, ready to walk.
async fn session(database: &TestDatabase) -> Session {
    let mut session = Session::open(database.url()).await.unwrap();
    session.lock(|_| {}).await.unwrap();
    session.prepare().await.unwrap();
    session
}
