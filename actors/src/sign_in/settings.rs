//! Identity providers of the settings.

use base::Secret;

use crate::third_parties::{ThirdPartySettings, check_third_parties};

base::settings! {
    /// Ways to sign in, and those who may ask people who are signed in for credentials.
    pub struct SignInSettings {
        /// Providers of OpenID Connect by which people sign in: in TOML one `[[sign_in.oidc]]` for each. A person is
        /// `NAME/SUBJECT|LOGIN` and has the role `login-identity:NAME/SUBJECT|LOGIN`, besides the roles of their groups.
        pub oidc: Vec<OidcSettings> = Vec::new() => OidcSettings,
        /// Signing in with GitHub.
        pub github: GithubSignInSettings,
        /// Applications that may ask for credentials at `/login/oauth/authorize` (OAuth 2), such as Treeherder: in TOML one
        /// `[[sign_in.third_parties]]` for each.
        pub third_parties: Vec<ThirdPartySettings> = Vec::new() => ThirdPartySettings,
    }
}

base::settings! {
    /// A provider of OpenID Connect.
    pub struct OidcSettings {
        /// Its name in identities: at most 32 lower-case letters, digits and `-`; not `github` or `static`.
        pub name: String = String::new(),
        /// What the button says after "Sign in with". Empty: the name.
        pub title: String = String::new(),
        /// The issuer, below which `/.well-known/openid-configuration` is read.
        pub issuer: String = String::new(),
        /// The client that is registered there for this server, with the redirect URI `ROOT_URL/login/oidc/NAME/callback`.
        pub client_id: String = String::new(),
        /// Its secret.
        pub client_secret: Secret = Secret::default(),
        /// The scopes to ask for, in the sense of OpenID Connect.
        pub scopes: Vec<String> = ["openid", "profile", "email"].map(str::to_owned).to_vec(),
        /// The claim of the identity token that holds the login.
        pub login_claim: String = "preferred_username".to_owned(),
        /// The claim that holds the list of groups. A person in the group `GROUP` has the role `oidc-group:NAME/GROUP`.
        pub groups_claim: String = "groups".to_owned(),
    }
}

base::settings! {
    /// Signing in with GitHub.
    pub struct GithubSignInSettings {
        /// The OAuth application (or GitHub App) with the callback URL `ROOT_URL/login/github/callback`. Empty: people do not sign in
        /// with GitHub.
        pub client_id: String = String::new(),
        /// Its secret.
        pub client_secret: Secret = Secret::default(),
        /// Where people sign in; another place for GitHub Enterprise Server.
        pub url: String = "https://github.com".to_owned(),
        /// GitHub's API.
        pub api_url: String = "https://api.github.com".to_owned(),
    }
}

impl SignInSettings {
    /// What is wrong with them, naming the setting.
    pub fn check(&self) -> Result<(), String> {
        for (index, oidc) in self.oidc.iter().enumerate() {
            let wrong = |field: &str, what: &str| Err(format!("`sign_in.oidc[{index}].{field}` {what}"));
            let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            let is_name = !oidc.name.is_empty() && oidc.name.len() <= 32 && oidc.name.chars().all(is_word);
            if !is_name || oidc.name == "github" || oidc.name == "static" {
                return wrong(
                    "name",
                    "must be 1 to 32 lower-case letters, digits and `-`, and not `github` or `static`",
                );
            }
            if self.oidc[..index].iter().any(|other| other.name == oidc.name) {
                return wrong("name", "is that of another provider");
            }
            if !is_https_or_local(&oidc.issuer) {
                return wrong("issuer", "must be an `https://` URL (`http://` only on this machine)");
            }
            if oidc.client_id.is_empty() {
                return wrong("client_id", "is missing");
            }
            if !oidc.scopes.iter().any(|scope| scope == "openid") {
                return wrong("scopes", "must contain `openid`");
            }
        }
        for (field, url) in [("url", &self.github.url), ("api_url", &self.github.api_url)] {
            if !is_https_or_local(url) {
                return Err(format!("`sign_in.github.{field}` must be an `https://` URL"));
            }
        }
        check_third_parties(&self.third_parties)
    }
}

/// Secrets travel to it. Plain HTTP is for tests on this machine.
fn is_https_or_local(url: &str) -> bool {
    let is_local = ["http://127.0.0.1:", "http://localhost:"].iter().any(|local| url.starts_with(local));
    is_local || url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_settings_are_named() {
        let good = || OidcSettings {
            name: "company".to_owned(),
            issuer: "https://id.example.com".to_owned(),
            client_id: "drover".to_owned(),
            ..OidcSettings::default()
        };
        let check = |change: fn(&mut OidcSettings)| {
            let mut changed = good();
            change(&mut changed);
            SignInSettings { oidc: vec![changed], ..SignInSettings::default() }.check()
        };
        assert_eq!(check(|_| ()), Ok(()));
        for (field, result) in [
            ("name", check(|it| it.name = "github".to_owned())),
            ("name", check(|it| it.name = "a/b".to_owned())),
            ("issuer", check(|it| it.issuer = "http://id.example.com".to_owned())),
            ("client_id", check(|it| it.client_id.clear())),
            ("scopes", check(|it| it.scopes = vec!["email".to_owned()])),
        ] {
            assert!(result.unwrap_err().starts_with(&format!("`sign_in.oidc[0].{field}`")));
        }
        let twice = SignInSettings { oidc: vec![good(), good()], ..SignInSettings::default() };
        assert!(twice.check().unwrap_err().contains("oidc[1].name"));
    }
}
