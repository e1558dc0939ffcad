//! The calls that the GitHub of the tests knows, as GitHub documents them.

use serde_json::{Value, json};

use super::{
    GithubState, Reply,
    state::{GithubFaultKind, GithubRepository},
};

const MAX_TEXT: usize = 65_535;

fn reply(status: u16, body: &Value) -> Reply {
    Reply { status, headers: Vec::new(), body: body.to_string() }
}

fn refused(status: u16, message: &str) -> Reply {
    reply(status, &json!({ "message": message }))
}

/// `None`: the connection is closed.
pub(super) fn answer(state: &mut GithubState, method: &str, path: &str, token: &str, body: &Value) -> Option<Reply> {
    let call = format!("{method} {path}");
    state.calls.push(call.clone());
    let fault = state.fault(&call);
    if let Some(GithubFaultKind::Answer { status, headers, message }) = fault {
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        return Some(Reply { headers, ..refused(status, message) });
    }
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let answer = if parts.first() == Some(&"app") {
        of_the_app(state, method, &parts, token)
    } else if state.tokens.contains(token) {
        match (method, &parts[..]) {
            ("GET", ["installation", "repositories"]) => repositories(state),
            _ => of_a_repository(state, method, &parts, query, body),
        }
    } else {
        refused(401, "Bad credentials")
    };
    if fault.is_some() { None } else { Some(answer) }
}

fn of_the_app(state: &mut GithubState, method: &str, parts: &[&str], token: &str) -> Reply {
    if token.split('.').count() != 3 {
        return refused(401, "A JSON web token could not be decoded");
    }
    match (method, parts) {
        ("POST", ["app", "installations", installation, "access_tokens"]) => {
            let token = format!("ghs_{installation}_{}", state.new_id());
            state.tokens.insert(token.clone());
            reply(201, &json!({ "token": token, "expires_at": "2099-01-01T00:00:00Z" }))
        }
        ("GET", ["app", "installations"]) => reply(200, &json!([{ "id": 5, "suspended_at": null }])),
        ("GET", ["app", "hook", "deliveries"]) => reply(200, &json!(state.deliveries)),
        ("POST", ["app", "hook", "deliveries", id, "attempts"]) => {
            state.redelivered.push(id.parse().unwrap());
            reply(202, &json!({}))
        }
        _ => refused(404, "Not Found"),
    }
}

fn of_a_repository(state: &mut GithubState, method: &str, parts: &[&str], query: &str, body: &Value) -> Reply {
    let ["repos", owner, name, rest @ ..] = parts else { return refused(404, "Not Found") };
    let Some(repository) = state.repositories.get(&format!("{owner}/{name}")).cloned() else {
        return refused(404, "Not Found");
    };
    match (method, rest) {
        ("GET", ["contents", ".taskcluster.yml"]) => contents(&repository, query),
        ("GET", ["contents", ".cron.yml"]) => {
            let sha = query.split('&').find_map(|pair| pair.strip_prefix("ref="));
            let file = sha.and_then(|sha| repository.cron_files.get(sha)).cloned();
            file.map_or_else(|| refused(404, "Not Found"), |body| Reply { status: 200, headers: Vec::new(), body })
        }
        ("GET", ["commits", reference]) => commit(&repository, reference),
        ("GET", ["collaborators", user]) if repository.collaborators.contains(*user) => reply(204, &Value::Null),
        ("GET", ["pulls", number]) => {
            let found = number.parse().ok().and_then(|number: i64| repository.pull_requests.get(&number));
            found.map_or_else(|| refused(404, "Not Found"), |found| reply(200, found))
        }
        ("GET", ["commits", sha, "check-runs"]) => {
            let found: Vec<&Value> = state.checks.iter().filter(|check| check["head_sha"] == *sha).collect();
            reply(200, &json!({ "total_count": found.len(), "check_runs": found }))
        }
        ("POST", ["check-runs"]) => check(state, None, body),
        ("PATCH", ["check-runs", id]) => check(state, id.parse().ok(), body),
        ("POST", ["statuses", sha]) => status(state, sha, body),
        ("GET", ["issues" | "commits", _, "comments"]) => reply(200, &json!(state.comments)),
        ("POST", ["issues" | "commits", place, "comments"]) => comment(state, Some(place), None, body),
        ("PATCH", ["issues", "comments", id] | ["comments", id]) => comment(state, None, id.parse().ok(), body),
        _ => refused(404, "Not Found"),
    }
}

/// Those of the installation, each with `main` as its default branch.
fn repositories(state: &GithubState) -> Reply {
    let shown = |(name, repository): (&String, &GithubRepository)| {
        let (owner, name) = name.split_once('/').unwrap();
        json!({ "name": name, "owner": { "login": owner }, "default_branch": "main", "pushed_at": repository.pushed_at })
    };
    let list: Vec<Value> = state.repositories.iter().map(shown).collect();
    reply(200, &json!({ "total_count": list.len(), "repositories": list }))
}

fn contents(repository: &GithubRepository, query: &str) -> Reply {
    let reference = query.split('&').find_map(|pair| pair.strip_prefix("ref="));
    let file = match reference {
        Some(sha) => repository.files.get(sha).cloned().flatten(),
        None => repository.default_file.clone(),
    };
    match file {
        Some(body) => Reply { status: 200, headers: Vec::new(), body },
        None => refused(404, "Not Found"),
    }
}

fn commit(repository: &GithubRepository, reference: &str) -> Reply {
    let tag = reference.strip_prefix("tags%2F").and_then(|tag| repository.tags.get(tag)).map(String::as_str);
    let head = reference.strip_prefix("heads%2F").and_then(|branch| repository.heads.get(branch)).map(String::as_str);
    match tag.or(head).or(Some(reference).filter(|sha| repository.files.contains_key(*sha))) {
        Some(sha) => Reply { status: 200, headers: Vec::new(), body: sha.to_owned() },
        None => refused(422, "No commit found for SHA"),
    }
}

fn check(state: &mut GithubState, id: Option<i64>, body: &Value) -> Reply {
    let texts = ["title", "summary", "text"].map(|name| body["output"][name].as_str().unwrap_or_default());
    let is_complete = body["status"] == "completed";
    let is_good = texts.iter().all(|text| text.chars().count() <= MAX_TEXT)
        && ["queued", "in_progress", "completed"].iter().any(|known| body["status"] == *known)
        && is_complete == body["conclusion"].is_string();
    if !is_good {
        return refused(422, "Validation Failed");
    }
    let known = id.and_then(|id| state.checks.iter().position(|check| check["id"] == id));
    match (id, known) {
        (Some(_), None) => return refused(404, "Not Found"),
        (None, _) if !body["name"].is_string() || !body["head_sha"].is_string() => {
            return refused(422, "Validation Failed");
        }
        _ => {}
    }
    let place = known.unwrap_or_else(|| {
        let id = state.new_id();
        state.checks.push(json!({ "id": id, "conclusion": null }));
        state.checks.len() - 1
    });
    let stored = state.checks[place].as_object_mut().unwrap();
    stored.insert("conclusion".to_owned(), Value::Null);
    stored.extend(body.as_object().unwrap().clone());
    let answer = reply(if known.is_some() { 200 } else { 201 }, &state.checks[place]);
    with_quota(answer)
}

fn status(state: &mut GithubState, sha: &str, body: &Value) -> Reply {
    let is_known = ["error", "failure", "pending", "success"].iter().any(|known| body["state"] == *known);
    if !is_known || body["description"].as_str().is_some_and(|text| text.chars().count() > 140) {
        return refused(422, "Validation Failed");
    }
    let mut status = body.clone();
    (status["id"], status["sha"]) = (json!(state.new_id()), json!(sha));
    state.statuses.retain(|known| known["sha"] != sha || known["context"] != body["context"]);
    state.statuses.push(status.clone());
    with_quota(reply(201, &status))
}

fn comment(state: &mut GithubState, place: Option<&&str>, id: Option<i64>, body: &Value) -> Reply {
    let text = body["body"].as_str().unwrap_or_default();
    if text.is_empty() || text.chars().count() > MAX_TEXT {
        return refused(422, "Validation Failed");
    }
    let Some(place) = place else {
        let Some(known) = state.comments.iter_mut().find(|comment| comment["id"] == json!(id)) else {
            return refused(404, "Not Found");
        };
        known["body"] = json!(text);
        return reply(200, known);
    };
    let comment = json!({ "id": state.new_id(), "place": place, "body": text });
    state.comments.push(comment.clone());
    with_quota(reply(201, &comment))
}

fn with_quota(mut reply: Reply) -> Reply {
    let headers =
        [("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "4000"), ("x-ratelimit-reset", "4102444800")];
    reply.headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    reply
}
