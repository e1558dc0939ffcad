//! Signing in with GitHub: OAuth 2 and its API, as it speaks no OpenID Connect.

use actors::{
    sessions::Identity,
    sign_in::{Attempt, GithubSignInSettings, IdentityProvider, ProviderError, encoded},
};
use async_trait::async_trait;
use protocol::form;
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;

use super::{json, refused};
use crate::http;

const NAME: &str = "GitHub";

/// Pages of 100 teams or organisations that are read.
const MAX_PAGES: usize = 10;

pub(super) struct Github {
    settings: GithubSignInSettings,
    redirect_uri: String,
    http: Client,
}

#[derive(Deserialize)]
struct Token {
    access_token: Option<String>,
    error_description: Option<String>,
}

#[derive(Deserialize)]
struct User {
    id: u64,
    login: String,
}

#[derive(Deserialize)]
struct Organization {
    login: String,
}

#[derive(Deserialize)]
struct Team {
    slug: String,
    organization: Organization,
}

#[derive(Deserialize)]
struct Membership {
    role: String,
    organization: Organization,
}

impl Github {
    pub(super) fn new(settings: &GithubSignInSettings, root_url: &str) -> Result<Self, String> {
        let redirect_uri = format!("{root_url}/login/github/callback");
        Ok(Self { settings: settings.clone(), redirect_uri, http: http::client()? })
    }

    async fn access_token(&self, code: &str, attempt: &Attempt) -> Result<String, ProviderError> {
        let GithubSignInSettings { client_id, client_secret, url, .. } = &self.settings;
        let form = form::encode([
            ("client_id", client_id.as_str()),
            ("client_secret", client_secret.reveal()),
            ("code", code),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("code_verifier", attempt.verifier()),
        ]);
        let request = self.http.post(format!("{url}/login/oauth/access_token"));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        // GitHub answers 200 to a wrong code as well.
        let Token { access_token, error_description } = json(NAME, "the code", request).await?;
        access_token.ok_or_else(|| refused(NAME, error_description.unwrap_or_else(|| "there is no token".to_owned())))
    }

    fn get(&self, path: &str, token: &str) -> RequestBuilder {
        let request = self.http.get(format!("{}{path}", self.settings.api_url)).bearer_auth(token);
        request.header("user-agent", "drover").header("x-github-api-version", "2022-11-28")
    }

    async fn list<T: serde::de::DeserializeOwned>(&self, path: &str, token: &str) -> Result<Vec<T>, ProviderError> {
        let mut all = Vec::new();
        for page in 1..=MAX_PAGES {
            let separator = if path.contains('?') { '&' } else { '?' };
            let path = format!("{path}{separator}per_page=100&page={page}");
            let rows: Vec<T> = json(NAME, "its groups", self.get(&path, token)).await?;
            let is_last = rows.len() < 100;
            all.extend(rows);
            if is_last {
                break;
            }
        }
        Ok(all)
    }
}

#[async_trait]
impl IdentityProvider for Github {
    fn path(&self) -> String {
        "github".to_owned()
    }

    fn title(&self) -> String {
        NAME.to_owned()
    }

    async fn authorization_url(&self, attempt: &Attempt) -> Result<String, ProviderError> {
        let query = form::encode([
            ("client_id", self.settings.client_id.as_str()),
            ("redirect_uri", self.redirect_uri.as_str()),
            // Teams and organisations.
            ("scope", "read:org"),
            ("state", &attempt.state),
            ("code_challenge", &attempt.challenge()),
            ("code_challenge_method", "S256"),
        ]);
        Ok(format!("{}/login/oauth/authorize?{query}", self.settings.url))
    }

    /// Roles as Taskcluster names them.
    async fn identify(&self, code: &str, attempt: &Attempt) -> Result<Identity, ProviderError> {
        let token = self.access_token(code, attempt).await?;
        let user: User = json(NAME, "the user", self.get("/user", &token)).await?;
        let teams: Vec<Team> = self.list("/user/teams", &token).await?;
        let memberships: Vec<Membership> = self.list("/user/memberships/orgs?state=active", &token).await?;
        let teams =
            teams.iter().map(|it| format!("github-team:{}/{}", encoded(&it.organization.login), encoded(&it.slug)));
        let admins = memberships.iter().filter(|it| it.role == "admin");
        let admins = admins.map(|it| format!("github-org-admin:{}", encoded(&it.organization.login)));
        let client_id = format!("github/{}|{}", user.id, encoded(&user.login));
        Ok(Identity { client_id, roles: Some(teams.chain(admins).collect()) })
    }
}
