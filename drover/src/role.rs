//! The names of the parts a process can run.

use std::{collections::BTreeSet, fmt, str::FromStr};

use crate::exit::{CliError, Exit};

/// A part of the house that a process may run. Several processes may run the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    /// Answers HTTP.
    Api,
    /// Creates, claims and resolves tasks.
    Queue,
    /// Carries events from the outbox to the bus.
    Relay,
    /// Ends what is overdue and removes what has expired.
    Reflector,
    /// Releases tasks whose dependencies are done.
    Scheduler,
    /// Keeps artifacts.
    Object,
    /// Puts completed tasks into the index.
    Index,
    /// Tells runs of tasks as jobs, for Treeherder.
    Treeherder,
    /// Runs tasks as builds of Buildbot masters.
    Bridge,
}

impl Role {
    pub(crate) const ALL: [Self; 9] = [
        Self::Api,
        Self::Queue,
        Self::Relay,
        Self::Reflector,
        Self::Scheduler,
        Self::Object,
        Self::Index,
        Self::Treeherder,
        Self::Bridge,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Queue => "queue",
            Self::Relay => "relay",
            Self::Reflector => "reflector",
            Self::Scheduler => "scheduler",
            Self::Object => "object",
            Self::Index => "index",
            Self::Treeherder => "treeherder",
            Self::Bridge => "bridge",
        }
    }

    /// From names; `all` stands for every role. The HTTP server keeps artifacts in its own process, so `api` brings
    /// `object`, as the bridge does; and where it is `alone`, without a broker to other processes, also the `queue`.
    pub(crate) fn from_names(names: &[String], alone: bool) -> Result<BTreeSet<Self>, CliError> {
        if names.iter().any(|name| name == "all") {
            return Ok(Self::ALL.into());
        }
        let roles: Result<BTreeSet<Self>, String> = names.iter().map(|name| name.parse()).collect();
        let mut roles = roles.map_err(|words| CliError::new(Exit::Usage, words))?;
        if roles.contains(&Self::Api) || roles.contains(&Self::Bridge) {
            roles.insert(Self::Object);
            if alone {
                roles.insert(Self::Queue);
            }
        }
        if roles.is_empty() {
            return Err(CliError::new(
                Exit::Usage,
                "the setting `serve.roles` names no role; `all` stands for every one",
            ));
        }
        Ok(roles)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|role| role.name() == name).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|role| role.name()).collect();
            format!("there is no role `{name}`; the roles are {} and all", known.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_stands_for_every_role() {
        assert_eq!(Role::from_names(&["all".to_owned()], false).unwrap().len(), Role::ALL.len());
    }

    #[test]
    fn the_http_server_brings_what_it_cannot_reach_elsewhere() {
        let api = ["api".to_owned()];
        assert_eq!(Role::from_names(&api, true).unwrap(), [Role::Api, Role::Queue, Role::Object].into());
        assert_eq!(Role::from_names(&api, false).unwrap(), [Role::Api, Role::Object].into());
    }

    #[test]
    fn an_unknown_role_is_named_with_those_that_exist() {
        let words = Role::from_names(&["ape".to_owned()], false).unwrap_err().to_string();
        assert!(words.contains("`ape`") && words.contains("reflector"), "{words}");
    }
}
