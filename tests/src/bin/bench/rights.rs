//! A submitter and worker as installations have them: with many scopes, among many roles.

use base::{Clock, SystemClock};
use chrono::TimeDelta;
use protocol::time::format;
use serde::Deserialize;
use serde_json::json;

use crate::{
    client::Credentials,
    env::TestEnv,
    error::{During, Result},
    work::Session,
};

const ROLES: usize = 500;
const SCOPES: usize = 200;
/// Of the client's scopes so many are roles, each with some scopes of its own.
const ASSUMED: usize = 40;
/// What the load needs.
const NEEDED: [&str; 5] = [
    "queue:create-task:lowest:bench/*",
    "queue:create-task:project:none",
    "queue:scheduler-id:bench",
    "queue:claim-work:bench/*",
    "queue:worker-id:bench/*",
];

/// The installation for a client with `SCOPES` scopes; it has `ROLES` roles from then on.
pub(crate) async fn realistic(env: &TestEnv) -> Result<TestEnv> {
    let mut session = env.session().await?;
    for number in 0..ROLES {
        make_role(&mut session, number).await?;
    }
    let client_id = "bench/realistic";
    let scopes: Vec<String> = (0..ASSUMED)
        .map(|number| format!("assume:bench:role-{}", number * ROLES / ASSUMED))
        .chain(NEEDED.map(str::to_owned))
        .chain((ASSUMED + NEEDED.len()..SCOPES).map(|number| format!("secrets:get:project-{number}/*")))
        .collect();
    let expires = format(SystemClock.now() + TimeDelta::days(1));
    let body = json!({"description": "made by the benchmark", "expires": expires, "scopes": scopes});
    let path = format!("/api/auth/v1/clients/{}", client_id.replace('/', "%2F"));
    let answer = session.put(&path, body.to_string()).await?;
    let made: Made = serde_json::from_slice(&answer).during(&path)?;
    Ok(env.with(Credentials::lasting(client_id.to_owned(), made.access_token)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    access_token: String,
}

async fn make_role(session: &mut Session, number: usize) -> Result<()> {
    let scopes: Vec<String> = (0..10).map(|scope| format!("queue:route:index.project-{number}.{scope}.*")).collect();
    let body = json!({"description": "made by the benchmark", "scopes": scopes});
    session.put(&format!("/api/auth/v1/roles/bench%3Arole-{number}"), body.to_string()).await.map(|_| ())
}
