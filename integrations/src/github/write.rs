//! One report becomes a call. What may have arrived already is looked for first.

use db::github::ReportRow;
use protocol::github::ReportKind;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    app::{App, Request, part},
    call::{Answer, CallError, Quota},
};

/// What GitHub has now.
pub(super) struct Sent {
    pub remote_id: Option<i64>,
    pub quota: Option<Quota>,
}

/// Pages of check runs or comments that are searched.
const PAGES: usize = 20;
const PAGE: usize = 100;

pub(super) async fn write(app: &App, report: &ReportRow) -> Result<Sent, CallError> {
    let content: Value = serde_json::from_str(&report.content).map_err(|error| CallError::Refused {
        status: 0,
        reason: format!("the stored content cannot be read: {error}"),
    })?;
    let writer = Writer { app, report };
    match report.kind {
        ReportKind::Check => writer.check(content).await,
        ReportKind::Status => writer.status(&content).await,
        ReportKind::Comment => writer.comment(&content).await,
    }
}

struct Writer<'a> {
    app: &'a App,
    report: &'a ReportRow,
}

impl Writer<'_> {
    async fn check(&self, mut content: Value) -> Result<Sent, CallError> {
        let known = self.known(|| self.find_check(&content)).await?;
        let Some(id) = known else {
            return self.call(Method::POST, "check-runs".to_owned(), &content).await;
        };
        if let Some(fields) = content.as_object_mut() {
            fields.remove("head_sha");
        }
        self.call(Method::PATCH, format!("check-runs/{id}"), &content).await
    }

    /// A status of the same context takes the place of the one before.
    async fn status(&self, content: &Value) -> Result<Sent, CallError> {
        let mut content = content.clone();
        let sha = content.as_object_mut().and_then(|fields| fields.remove("sha")).unwrap_or_default();
        self.call(Method::POST, format!("statuses/{}", part(sha.as_str().unwrap_or_default())), &content).await
    }

    async fn comment(&self, content: &Value) -> Result<Sent, CallError> {
        let marker = self.marker();
        let text = content["body"].as_str().unwrap_or_default();
        let body = json!({ "body": format!("{text}\n\n{marker}") });
        let (list, one) = if let Some(issue) = content["issue"].as_i64() {
            (format!("issues/{issue}/comments"), "issues/comments")
        } else {
            let sha = content["sha"].as_str().unwrap_or_default();
            (format!("commits/{}/comments", part(sha)), "comments")
        };
        match self.known(|| self.find_comment(&list, &marker)).await? {
            Some(id) => self.call(Method::PATCH, format!("{one}/{id}"), &body).await,
            None => self.call(Method::POST, list, &body).await,
        }
    }

    /// GitHub's id, where it has one: known, or found after a call that may have been carried out.
    async fn known<W>(&self, find: impl FnOnce() -> W) -> Result<Option<i64>, CallError>
    where
        W: Future<Output = Result<Option<i64>, CallError>>,
    {
        match self.report.remote_id {
            Some(id) => Ok(Some(id)),
            None if self.report.is_ambiguous => find().await,
            None => Ok(None),
        }
    }

    async fn find_check(&self, content: &Value) -> Result<Option<i64>, CallError> {
        let sha = part(content["head_sha"].as_str().unwrap_or_default());
        let list = format!("commits/{sha}/check-runs?filter=all&per_page={PAGE}");
        self.search(&list, "/check_runs", |check| check["external_id"] == self.report.subject.as_str()).await
    }

    async fn find_comment(&self, list: &str, marker: &str) -> Result<Option<i64>, CallError> {
        let list = format!("{list}?per_page={PAGE}");
        self.search(&list, "", |comment| comment["body"].as_str().is_some_and(|body| body.ends_with(marker))).await
    }

    async fn search(&self, list: &str, items: &str, is_it: impl Fn(&Value) -> bool) -> Result<Option<i64>, CallError> {
        for page in 1..=PAGES {
            let request = Request::get(self.path(&format!("{list}&page={page}")));
            let answer = self.app.call(self.report.installation, &request).await?.json();
            let items = answer.pointer(items).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            if let Some(found) = items.iter().find(|item| is_it(item)) {
                return Ok(found["id"].as_i64());
            }
            if items.len() < PAGE {
                break;
            }
        }
        Ok(None)
    }

    /// By which a comment of ours is found again; readers do not see it.
    fn marker(&self) -> String {
        format!("<!-- taskcluster: {} -->", self.report.subject.replace("--", "- -"))
    }

    async fn call(&self, method: Method, path: String, body: &Value) -> Result<Sent, CallError> {
        let request = Request::with_body(method, self.path(&path), body);
        let answer: Answer = self.app.call(self.report.installation, &request).await?;
        Ok(Sent { remote_id: answer.json()["id"].as_i64(), quota: answer.quota })
    }

    fn path(&self, rest: &str) -> String {
        format!("/repos/{}/{rest}", self.report.repository)
    }
}
