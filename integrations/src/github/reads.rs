//! What is asked of GitHub about a repository.

use protocol::github::Repository;
use serde_json::Value;

use super::{
    app::{App, Request, part},
    call::CallError,
};

/// A repository as an installation sees it.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub app: &'a App,
    pub installation: i64,
    pub repository: &'a Repository,
}

const FILE: &str = ".taskcluster.yml";
const CRON_FILE: &str = ".cron.yml";

impl Reader<'_> {
    /// The file `.taskcluster.yml` of a commit, or of the default branch; `None` where there is none.
    pub(crate) async fn file(&self, sha: Option<&str>) -> Result<Option<String>, CallError> {
        self.contents(FILE, sha).await
    }

    /// The file `.cron.yml` of a commit; `None` where there is none.
    pub(crate) async fn cron_file(&self, sha: &str) -> Result<Option<String>, CallError> {
        self.contents(CRON_FILE, Some(sha)).await
    }

    async fn contents(&self, file: &str, sha: Option<&str>) -> Result<Option<String>, CallError> {
        let at = sha.map(|sha| format!("?ref={}", part(sha))).unwrap_or_default();
        let request =
            Request::get(self.path(&format!("contents/{file}{at}"))).accepting("application/vnd.github.raw+json");
        Ok(self.found(request).await?.map(|body| String::from_utf8_lossy(&body).into_owned()))
    }

    /// The commit behind a branch, a tag or itself; `None` where there is none.
    pub(crate) async fn commit(&self, reference: &str) -> Result<Option<String>, CallError> {
        let path = self.path(&format!("commits/{}", part(reference)));
        let found = self.found(Request::get(path).accepting("application/vnd.github.sha")).await?;
        Ok(found.map(|body| String::from_utf8_lossy(&body).trim().to_owned()))
    }

    /// A name that no user has is nobody's: as a part of a path it could lead elsewhere.
    pub(crate) async fn is_collaborator(&self, user: &str) -> Result<bool, CallError> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_[]".contains(&byte);
        if user.is_empty() || !user.bytes().all(is_name) {
            return Ok(false);
        }
        let path = self.path(&format!("collaborators/{}", part(user)));
        Ok(self.found(Request::get(path)).await?.is_some())
    }

    pub(crate) async fn pull_request(&self, number: i64) -> Result<Option<Value>, CallError> {
        let found = self.found(Request::get(self.path(&format!("pulls/{number}")))).await?;
        Ok(found.and_then(|body| serde_json::from_slice(&body).ok()))
    }

    async fn found(&self, request: Request<'_>) -> Result<Option<Vec<u8>>, CallError> {
        match self.app.call(self.installation, &request).await {
            Ok(answer) => Ok(Some(answer.body)),
            // 422: a reference that cannot be one.
            Err(error) if error.is_status(404) || error.is_status(422) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn path(&self, rest: &str) -> String {
        format!("/repos/{}/{rest}", self.repository)
    }
}
