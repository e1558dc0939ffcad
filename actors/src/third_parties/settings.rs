//! Third parties of the settings.

use base::ConfigDuration;
use serde::{Deserialize, Serialize};

base::settings! {
    /// An application that may ask people for credentials.
    pub struct ThirdPartySettings {
        /// Its name in requests (`client_id`), such as `treeherder-production-client`: at most 64 letters, digits, `.`, `-` and `_`.
        pub client_id: String = String::new(),
        /// The scopes it asks for, all of them each time. It gets those of them that the person holds.
        pub scopes: Vec<String> = Vec::new(),
        /// Where browsers may be sent back to: whole URLs, compared letter by letter.
        pub redirect_uris: Vec<String> = Vec::new(),
        /// How it gets at the credentials: `code` (it exchanges a code for an access token) or `token` (it is sent the access token).
        pub response_type: ResponseType = ResponseType::Code,
        /// How long its credentials are good for at most. It may ask for less.
        pub max_expires: ConfigDuration = ConfigDuration::days(3),
        /// Whether people are not asked, as they trust it as much as this server.
        pub skip_consent: bool = false,
    }
}

/// How a third party gets at credentials.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResponseType {
    #[default]
    Code,
    Token,
}

impl ResponseType {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Token => "token",
        }
    }
}

/// What is wrong with them, naming the setting.
pub fn check_third_parties(third_parties: &[ThirdPartySettings]) -> Result<(), String> {
    for (index, third_party) in third_parties.iter().enumerate() {
        let wrong = |field: &str, what: &str| Err(format!("`sign_in.third_parties[{index}].{field}` {what}"));
        let id = &third_party.client_id;
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if id.is_empty() || id.len() > 64 || !id.chars().all(is_word) {
            return wrong("client_id", "must be 1 to 64 letters, digits, `.`, `-` and `_`");
        }
        if third_parties[..index].iter().any(|other| other.client_id == *id) {
            return wrong("client_id", &format!("is `{id}`, which another one has already"));
        }
        if third_party.scopes.is_empty() {
            return wrong("scopes", "must name at least one scope");
        }
        if third_party.redirect_uris.is_empty() || !third_party.redirect_uris.iter().all(|uri| is_redirect_uri(uri)) {
            return wrong(
                "redirect_uris",
                "must be URLs like `https://treeherder.example.com/taskcluster-auth`, without `#`",
            );
        }
    }
    Ok(())
}

fn is_redirect_uri(uri: &str) -> bool {
    let rest = uri.strip_prefix("https://").or_else(|| uri.strip_prefix("http://"));
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '#' | '"' | '<' | '>' | '\\');
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && rest.chars().all(is_plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> ThirdPartySettings {
        ThirdPartySettings {
            client_id: "treeherder".to_owned(),
            scopes: vec!["hooks:trigger-hook:*".to_owned()],
            redirect_uris: vec!["https://treeherder.example.com/taskcluster-auth".to_owned()],
            ..ThirdPartySettings::default()
        }
    }

    #[test]
    fn faults_of_settings_are_named() {
        let check = |third_parties: Vec<ThirdPartySettings>| check_third_parties(&third_parties);
        assert_eq!(check(vec![one()]), Ok(()));
        let faulty = |change: fn(&mut ThirdPartySettings)| {
            let mut changed = one();
            change(&mut changed);
            check(vec![changed]).unwrap_err()
        };
        assert!(faulty(|it| it.client_id = "a/b".to_owned()).starts_with("`sign_in.third_parties[0].client_id`"));
        assert!(faulty(|it| it.scopes.clear()).contains(".scopes`"));
        for uri in ["javascript:alert(1)", "https://", "http:///x", "https://a/#b", "https://a b"] {
            let mut changed = one();
            changed.redirect_uris = vec![uri.to_owned()];
            assert!(check(vec![changed]).unwrap_err().contains(".redirect_uris`"), "{uri}");
        }
        assert!(check(vec![one(), one()]).unwrap_err().contains("third_parties[1].client_id` is `treeherder`"));
    }
}
