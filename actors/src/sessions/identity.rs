//! Who is signed in.

/// A stored client, or a person whom an identity provider vouched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The client id, or the name of the person, like `github/583231|octocat`.
    pub client_id: String,
    /// The roles that follow from the person's groups, like `github-team:org/team`. `None`: a stored client.
    pub roles: Option<Vec<String>>,
}

impl Identity {
    /// A stored client.
    pub fn client(client_id: &str) -> Self {
        Self { client_id: client_id.to_owned(), roles: None }
    }

    /// The roles that a person assumes; `None` for a stored client, which has scopes of its own.
    pub(super) fn assumed(&self) -> Option<Vec<String>> {
        let roles = self.roles.as_ref()?;
        let own = format!("assume:login-identity:{}", self.client_id);
        Some(std::iter::once(own).chain(roles.iter().map(|role| format!("assume:{role}"))).collect())
    }

    /// What ids of clients begin with that this identity makes for itself: its own, but clients below `static/` come from the settings
    /// only.
    pub fn derived_prefix(&self) -> String {
        let id = self.client_id.strip_prefix("static/").unwrap_or(&self.client_id);
        format!("{id}/")
    }
}
