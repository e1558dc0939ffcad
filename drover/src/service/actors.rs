//! Background actors, by the roles that run them and by the order in which they start and stop.

use actors::kit::Child;

use super::{Context, RoleSet, StartError};

/// Actors of a service that run in processes with certain roles.
pub struct Actors {
    /// One of these is enough; `None`: every process runs them.
    any_of: Option<&'static [&'static str]>,
    make: fn(&Context) -> Result<Children, StartError>,
}

/// Actors in the order of their start. They stop the other way round: `rpc_servers` first, so that what they have
/// accepted is still worked on, then all others at the same time, so that they can still call each other.
#[derive(Default)]
pub struct Children {
    /// They consume events, and start before the relay publishes any: a bus in memory drops what nobody has subscribed to.
    pub(crate) subscribers: Vec<Child>,
    pub(crate) actors: Vec<Child>,
    pub(crate) rpc_servers: Vec<Child>,
}

impl Actors {
    /// Of processes with one of these roles.
    pub const fn of_roles(any_of: &'static [&'static str], make: fn(&Context) -> Result<Children, StartError>) -> Self {
        Self { any_of: Some(any_of), make }
    }

    pub const fn of_every_process(make: fn(&Context) -> Result<Children, StartError>) -> Self {
        Self { any_of: None, make }
    }

    fn run_in(&self, roles: &RoleSet) -> bool {
        self.any_of.is_none_or(|any_of| any_of.iter().any(|role| roles.contains(role)))
    }

    /// Adds them to the children of a process, if it has a role that runs them.
    pub(crate) fn start_in(&self, context: &Context, children: &mut Children) -> Result<(), StartError> {
        if self.run_in(context.roles()) {
            let Children { subscribers, actors, rpc_servers } = (self.make)(context)?;
            children.subscribers.extend(subscribers);
            children.actors.extend(actors);
            children.rpc_servers.extend(rpc_servers);
        }
        Ok(())
    }
}

impl Children {
    pub fn none() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn subscriber(mut self, child: Child) -> Self {
        self.subscribers.push(child);
        self
    }

    #[must_use]
    pub fn actor(self, child: Child) -> Self {
        self.actors([child])
    }

    #[must_use]
    pub fn actors(mut self, children: impl IntoIterator<Item = Child>) -> Self {
        self.actors.extend(children);
        self
    }

    /// What serves calls of other processes.
    #[must_use]
    pub fn rpc_servers(mut self, children: impl IntoIterator<Item = Child>) -> Self {
        self.rpc_servers.extend(children);
        self
    }
}
