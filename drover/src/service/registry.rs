//! All services of a program, and what follows from their declarations.

use api::Routes;
use base::settings::{Entry, Section, entries};
use protocol::reference::References;

use super::{Children, Context, Role, RoleSet, Service, StartError};
use crate::settings::CommonSettings;

/// The services of this program, in the order of their list.
#[derive(Clone, Default)]
pub(crate) struct Registry(Vec<&'static dyn Service>);

/// Stands for every role.
const ALL: &str = "all";

impl Registry {
    pub(crate) fn new(services: Vec<&'static dyn Service>) -> Self {
        Self(services)
    }

    pub(crate) fn roles(&self) -> impl Iterator<Item = &'static Role> {
        self.0.iter().flat_map(|service| service.roles())
    }

    pub(crate) fn all_roles(&self) -> RoleSet {
        RoleSet(self.roles().map(|role| role.name).collect())
    }

    /// The roles of these names, with those that they bring; `all` stands for every one. `has_broker`: events and calls
    /// reach other processes.
    pub(crate) fn role_set(&self, names: &[String], has_broker: bool) -> Result<RoleSet, StartError> {
        if names.iter().any(|name| name == ALL) {
            return Ok(self.all_roles());
        }
        if names.is_empty() {
            let words = "the setting `serve.roles` names no role; `all` stands for every one";
            return Err(StartError::Setting(words.to_owned()));
        }
        let given = names.iter().map(|name| self.role(name)).collect::<Result<Vec<&Role>, _>>()?;
        let brought = |role: &Role| given.iter().any(|it| it.brings.contains(&role.name));
        let brought_alone = |role: &Role| given.iter().any(|it| it.brings_without_broker.contains(&role.name));
        let in_set = |role: &&Role| given.contains(role) || brought(role) || (!has_broker && brought_alone(role));
        Ok(RoleSet(self.roles().filter(in_set).map(|role| role.name).collect()))
    }

    fn role(&self, name: &str) -> Result<&'static Role, StartError> {
        self.roles().find(|role| role.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.roles().map(|role| role.name).collect();
            let known = known.join(", ");
            StartError::Setting(format!("there is no role `{name}`; the roles are {known} and {ALL}"))
        })
    }

    pub(crate) fn settings(&self) -> Vec<Section> {
        self.0.iter().filter_map(|service| service.settings()).collect()
    }

    /// References that services bring themselves, beside those in `protocol`.
    pub(crate) fn references(&self) -> Vec<References> {
        self.0.iter().filter_map(|service| service.references()).collect()
    }

    /// The manual of all settings.
    pub(crate) fn settings_entries(&self) -> Vec<Entry> {
        entries::<CommonSettings>(&self.settings())
    }

    pub(crate) async fn prepare(&self, context: &Context) -> Result<(), StartError> {
        for service in &self.0 {
            tracing::debug!(service = service.name(), "preparing");
            service.prepare(context).await?;
        }
        Ok(())
    }

    /// The actors of the process's roles.
    pub(crate) fn children(&self, context: &Context) -> Result<Children, StartError> {
        let mut children = Children::none();
        for actors in self.0.iter().flat_map(|service| service.actors()) {
            actors.start_in(context, &mut children)?;
        }
        Ok(children)
    }

    /// The endpoints of all services.
    pub(crate) fn routes(&self, context: &Context) -> Result<Vec<Routes>, StartError> {
        let routes = self.0.iter().map(|service| service.routes(context)).collect::<Result<Vec<_>, _>>()?;
        Ok(routes.into_iter().flatten().collect())
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|service| service.name())).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::services;

    fn roles(names: &[&str], has_broker: bool) -> Result<RoleSet, StartError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Registry::new(services()).role_set(&names, has_broker)
    }

    #[test]
    fn all_stands_for_every_role() {
        let registry = Registry::new(services());
        assert_eq!(roles(&["all"], true).unwrap(), registry.all_roles());
        assert!(registry.all_roles().names().len() > 8);
    }

    #[test]
    fn a_role_brings_what_its_process_cannot_reach_in_another() {
        assert_eq!(roles(&["api"], false).unwrap().names(), ["api", "queue", "object"]);
        assert_eq!(roles(&["api"], true).unwrap().names(), ["api", "object"]);
        assert_eq!(roles(&["relay"], false).unwrap().names(), ["relay", "index"]);
        assert_eq!(roles(&["bridge", "relay"], true).unwrap().names(), ["relay", "object", "bridge"]);
    }

    #[test]
    fn an_unknown_role_is_named_with_those_that_exist() {
        let words = roles(&["ape"], true).unwrap_err().to_string();
        assert!(words.contains("`ape`") && words.contains("reflector"), "{words}");
        assert!(roles(&[], true).is_err());
    }

    /// Otherwise an installation would lack it. A role that others bring has no process of its own.
    #[test]
    fn every_role_has_a_deployment_in_the_chart() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/helm/values.yaml");
        let values: serde_json::Value = serde_saphyr::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let registry = Registry::new(services());
        let deployed: Vec<String> = values["deployments"].as_object().unwrap().values().flat_map(roles_of).collect();
        for role in registry.roles() {
            let brought = registry.roles().any(|other| other.brings.contains(&role.name));
            assert!(brought || deployed.iter().any(|it| it == role.name), "{} has no deployment", role.name);
        }
        assert!(registry.role_set(&deployed, true).is_ok(), "the chart names a role that does not exist");
    }

    fn roles_of(deployment: &serde_json::Value) -> Vec<String> {
        serde_json::from_value(deployment["roles"].clone()).unwrap()
    }

    /// A name that two services declare, or that none does, would start something else than was asked for.
    #[test]
    fn role_names_are_unique_and_brought_roles_exist() {
        let registry = Registry::new(services());
        let mut names = registry.all_roles().names().to_vec();
        for role in registry.roles() {
            for brought in role.brings.iter().chain(role.brings_without_broker) {
                assert!(names.contains(brought), "the role {} brings {brought}, which does not exist", role.name);
            }
        }
        names.sort_unstable();
        assert!(names.windows(2).all(|two| two[0] != two[1]), "{names:?}");
    }
}
