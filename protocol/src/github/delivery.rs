//! Bodies of web hook deliveries, as far as they matter. They are never validated as a whole: GitHub adds and changes
//! fields at any time, and its own schemas refuse some of its own examples.

use serde_json::Value;

use super::{
    command,
    event::{BuildEvent, BuildKind, Order, Repository},
};

/// What a delivery asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    Build(Box<BuildEvent>),
    Rerun(Rerun),
    Installation(InstallationChange),
    /// Nothing is to be done, and why.
    Ignored(String),
}

/// Somebody pressed the button of a check run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rerun {
    pub repository: Repository,
    pub installation: i64,
    pub check_run_id: i64,
    pub check_suite_id: i64,
    pub actor: String,
}

/// The app was installed or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationChange {
    pub owner: String,
    pub installation: i64,
    /// Its tokens are of use.
    pub active: bool,
}

/// A field that is needed is missing or cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body of a `{event}` event has no usable `{field}`")]
pub struct UnreadableBody {
    pub event: String,
    pub field: &'static str,
}

/// Git's own limit is that of file names; the reference becomes part of an index.
const MAX_REF: usize = 500;

/// Reads a delivery of this event (the header `X-GitHub-Event`).
pub fn read(event: &str, body: &Value) -> Result<Delivery, UnreadableBody> {
    let body = Body { event, body };
    match event {
        "push" => push(&body),
        "pull_request" => pull_request(&body),
        "release" => release(&body),
        "issue_comment" => comment(&body),
        "check_run" => check_run(&body),
        "installation" => installation(&body),
        _ => Ok(ignored("the event is of no interest")),
    }
}

struct Body<'a> {
    event: &'a str,
    body: &'a Value,
}

fn ignored(why: &str) -> Delivery {
    Delivery::Ignored(why.to_owned())
}

fn push(body: &Body) -> Result<Delivery, UnreadableBody> {
    let after = body.text("/after")?;
    if is_zero(after) || body.find("/deleted") == Some(&Value::Bool(true)) {
        return Ok(ignored("the branch or tag was deleted"));
    }
    if body.find("/head_commit/message").and_then(Value::as_str).is_some_and(asks_to_skip) {
        return Ok(ignored("the message of the head commit asks to skip it"));
    }
    let reference = body.text("/ref")?;
    let (is_tag, branch) = match (reference.strip_prefix("refs/heads/"), reference.strip_prefix("refs/tags/")) {
        (Some(branch), _) => (false, branch),
        (None, Some(tag)) => (true, tag),
        (None, None) => return Ok(ignored("the reference is no branch and no tag")),
    };
    let actor = body.find("/pusher/name").or_else(|| body.find("/sender/login")).and_then(Value::as_str);
    let order = Order::Push { before: body.optional("/before").to_owned(), after: after.to_owned() };
    body.build(BuildKind::Push, |event| {
        event.sha = Some(sha(after).ok_or_else(|| body.unusable("after"))?);
        event.branch = ref_name(branch).ok_or_else(|| body.unusable("ref"))?;
        (event.is_tag, event.order) = (is_tag, order);
        actor.unwrap_or_default().clone_into(&mut event.actor);
        Ok(())
    })
}

fn pull_request(body: &Body) -> Result<Delivery, UnreadableBody> {
    if body.find("/pull_request/title").and_then(Value::as_str).is_some_and(asks_to_skip) {
        return Ok(ignored("the title of the pull request asks to skip it"));
    }
    body.build(BuildKind::PullRequest, |event| {
        event.sha =
            Some(sha(body.text("/pull_request/head/sha")?).ok_or_else(|| body.unusable("pull_request.head.sha"))?);
        let branch = ref_name(body.text("/pull_request/head/ref")?);
        event.branch = branch.ok_or_else(|| body.unusable("pull_request.head.ref"))?;
        event.pull_request = Some(body.number("/pull_request/number")?);
        body.optional("/pull_request/user/login").clone_into(&mut event.actor);
        event.head_owner = body.find("/pull_request/head/repo/owner/login").and_then(Value::as_str).map(str::to_owned);
        event.order = Order::Updated(body.optional("/pull_request/updated_at").to_owned());
        Ok(())
    })
}

fn release(body: &Body) -> Result<Delivery, UnreadableBody> {
    body.build(BuildKind::Release, |event| {
        let tag = ref_name(body.text("/release/tag_name")?);
        event.branch = tag.ok_or_else(|| body.unusable("release.tag_name"))?;
        body.optional("/release/author/login").clone_into(&mut event.actor);
        Ok(())
    })
}

fn comment(body: &Body) -> Result<Delivery, UnreadableBody> {
    if body.find("/issue/pull_request").is_none_or(Value::is_null) {
        return Ok(ignored("the comment is not on a pull request"));
    }
    if body.optional("/issue/state") != "open" {
        return Ok(ignored("the pull request is not open"));
    }
    if !["created", "edited"].contains(&body.optional("/action")) {
        return Ok(ignored("the comment was neither created nor edited"));
    }
    let Some(command) = command(body.optional("/comment/body")) else {
        return Ok(ignored("the comment holds no command"));
    };
    body.build(BuildKind::Comment, |event| {
        let number = body.number("/issue/number")?;
        event.pull_request = Some(number);
        event.branch = format!("pull/{number}/head");
        body.text("/comment/user/login")?.clone_into(&mut event.actor);
        event.command = Some(command.to_owned());
        Ok(())
    })
}

fn check_run(body: &Body) -> Result<Delivery, UnreadableBody> {
    if body.optional("/action") != "rerequested" {
        return Ok(ignored("the check run was not requested again"));
    }
    if body.optional("/sender/type") != "User" {
        return Ok(ignored("only people can ask for a rerun"));
    }
    let Some(installation) = body.installation() else { return Ok(ignored(NO_INSTALLATION)) };
    Ok(Delivery::Rerun(Rerun {
        repository: body.repository()?,
        installation,
        check_run_id: body.number("/check_run/id")?,
        check_suite_id: body.number("/check_run/check_suite/id")?,
        actor: body.text("/sender/login")?.to_owned(),
    }))
}

fn installation(body: &Body) -> Result<Delivery, UnreadableBody> {
    let active = match body.optional("/action") {
        "created" | "unsuspend" | "new_permissions_accepted" => true,
        "deleted" | "suspend" => false,
        _ => return Ok(ignored("the installation did not change")),
    };
    let owner = body.text("/installation/account/login")?;
    let owner = Repository::new(owner, "any").ok_or_else(|| body.unusable("installation.account.login"))?.owner;
    Ok(Delivery::Installation(InstallationChange { owner, installation: body.number("/installation/id")?, active }))
}

const NO_INSTALLATION: &str = "the delivery is not of an installed app";

impl<'a> Body<'a> {
    /// The fields that all events have, and those that `fill` adds.
    fn build(
        &self,
        kind: BuildKind,
        fill: impl FnOnce(&mut BuildEvent) -> Result<(), UnreadableBody>,
    ) -> Result<Delivery, UnreadableBody> {
        let Some(installation) = self.installation() else { return Ok(ignored(NO_INSTALLATION)) };
        let mut event = BuildEvent {
            kind,
            repository: self.repository()?,
            installation,
            default_branch: ref_name(self.optional("/repository/default_branch")).unwrap_or_default(),
            sha: None,
            branch: String::new(),
            is_tag: false,
            action: word(self.optional("/action")).ok_or_else(|| self.unusable("action"))?,
            pull_request: None,
            actor: String::new(),
            head_owner: None,
            command: None,
            order: Order::None,
        };
        fill(&mut event)?;
        Ok(Delivery::Build(Box::new(event)))
    }

    fn repository(&self) -> Result<Repository, UnreadableBody> {
        // Pushes of old servers name the owner only.
        let owner = self.find("/repository/owner/login").or_else(|| self.find("/repository/owner/name"));
        let owner = owner.and_then(Value::as_str).ok_or_else(|| self.unusable("repository.owner.login"))?;
        Repository::new(owner, self.text("/repository/name")?).ok_or_else(|| self.unusable("repository.name"))
    }

    fn installation(&self) -> Option<i64> {
        self.find("/installation/id").and_then(Value::as_i64).filter(|id| *id > 0)
    }

    fn find(&self, pointer: &str) -> Option<&'a Value> {
        self.body.pointer(pointer)
    }

    fn optional(&self, pointer: &str) -> &'a str {
        self.find(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn text(&self, pointer: &'static str) -> Result<&'a str, UnreadableBody> {
        self.find(pointer).and_then(Value::as_str).ok_or_else(|| self.unusable(pointer))
    }

    fn number(&self, pointer: &'static str) -> Result<i64, UnreadableBody> {
        let number = self.find(pointer).and_then(Value::as_i64).filter(|number| *number > 0);
        number.ok_or_else(|| self.unusable(pointer))
    }

    fn unusable(&self, field: &'static str) -> UnreadableBody {
        UnreadableBody { event: self.event.to_owned(), field }
    }
}

fn asks_to_skip(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("[ci skip]") || text.contains("[skip ci]")
}

fn is_zero(sha: &str) -> bool {
    !sha.is_empty() && sha.bytes().all(|byte| byte == b'0')
}

/// It becomes part of paths. The wire has room for SHA-1 only, which is all that GitHub has.
fn sha(text: &str) -> Option<String> {
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (digits && text.len() == 40).then(|| text.to_ascii_lowercase())
}

/// It becomes part of a scope, where a star at the end would stand for anything. Git allows none in names.
fn ref_name(text: &str) -> Option<String> {
    let allowed = !text.is_empty() && text.len() <= MAX_REF && !text.contains(['*', '\0']);
    allowed.then(|| text.to_owned())
}

/// It becomes part of a scope and of a routing key. Pushes have none.
fn word(text: &str) -> Option<String> {
    let allowed = text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    allowed.then(|| text.to_owned())
}
