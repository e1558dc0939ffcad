//! What an operator can set about GitHub.

use base::{ConfigDuration, Secret};
use protocol::github::Repository;

base::settings! {
    /// The GitHub App that delivers events of repositories, and that shows what becomes of their tasks.
    pub struct GithubSettings {
        /// The id of the app. 0: there is none; deliveries are taken in, and wait.
        pub app_id: u64 = 0,
        /// The private key of the app, as the PEM text that GitHub generates.
        pub private_key: Secret = Secret::default(),
        /// The secrets that deliveries of the web hook may be signed with: one, or two while it is changed. Empty: no delivery is
        /// accepted.
        pub webhook_secrets: Vec<Secret> = Vec::new(),
        /// The address of GitHub's API.
        pub url: String = "https://api.github.com".to_owned(),
        /// How often deliveries and reports are looked for that another process took in.
        pub interval: ConfigDuration = ConfigDuration::millis(500),
        /// Whether the jobs of `.cron.yml` on default branches are run.
        pub cron: bool = true,
        /// Levels of repositories, as `owner/name=level`, which templates know as `repository.level`. All others have level 1.
        pub levels: Vec<String> = Vec::new(),
        /// Whether a push to a default branch creates hooks for the actions that decision tasks of its `.taskcluster.yml` offer: those of
        /// names like `project-a/in-tree-action-1-generic` for which the role of the branch has both scopes of `createHook`,
        /// with `/*` at their end.
        pub register_in_tree_actions: bool = false,
    }
}

impl GithubSettings {
    /// Where people find a repository.
    pub fn page_of(&self, repository: &Repository) -> String {
        let url = self.url.trim_end_matches('/');
        let server = match url {
            "https://api.github.com" => "https://github.com",
            // GitHub Enterprise Server.
            other => other.strip_suffix("/api/v3").unwrap_or(other),
        };
        format!("{server}/{repository}")
    }

    /// The level of a repository, as templates know it. Names are compared as GitHub does it.
    pub fn level(&self, repository: &Repository) -> &str {
        let name = repository.to_string();
        let mut levels = self.levels.iter().filter_map(|entry| entry.split_once('='));
        levels.find(|(known, _)| known.eq_ignore_ascii_case(&name)).map_or("1", |(_, level)| level)
    }

    /// An error names the setting that is wrong.
    pub fn check(&self) -> Result<(), String> {
        let is_good = |entry: &&String| {
            let Some((name, level)) = entry.split_once('=') else { return false };
            let is_name = name.split_once('/').is_some_and(|(owner, name)| Repository::new(owner, name).is_some());
            is_name && !level.is_empty() && level.bytes().all(|byte| byte.is_ascii_digit())
        };
        match self.levels.iter().find(|entry| !is_good(entry)) {
            Some(entry) => Err(format!("`github.levels` must be entries like `owner/name=3`; got `{entry}`")),
            None => Ok(()),
        }
    }
}
