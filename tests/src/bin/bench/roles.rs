//! What roles make of scopes, without a server: every request of a client that the server has not seen waits for it.

use std::{hint::black_box, time::Instant};

use protocol::scope::{RoleSet, roles::Role};

use crate::{
    error::{During, Result},
    samples::Samples,
};

const ROLES: usize = 10_000;
const SCOPES: usize = 1_000;
const TIMES: usize = 101;

/// How long it takes to expand a thousand scopes, nine tenths of which lead to roles, with ten thousand roles.
///
/// Half of the roles end in a star and have a template; each leads to a further role that grants ten scopes.
pub(crate) fn expansion() -> Result<Samples> {
    let roles = RoleSet::compile(&roles()).during("compiling roles")?;
    let scopes = scopes();
    let mut samples = Samples::default();
    for _ in 0..TIMES {
        let begun = Instant::now();
        drop(black_box(roles.expand(scopes.iter().map(String::as_str))));
        samples.push(begun.elapsed());
    }
    Ok(samples)
}

fn roles() -> Vec<Role> {
    let projects = ROLES / 2;
    let branches = (0..projects).map(|project| {
        let scopes = [format!("assume:project:{project}"), format!("queue:route:index.project-{project}.<..>.*")];
        Role::new(format!("repo:example.com/project-{project}:*"), scopes)
    });
    let grants = (0..projects).map(|project| {
        let scopes = (0..10).map(|number| format!("secrets:get:project-{project}/secret-{number}"));
        Role::new(format!("project:{project}"), scopes)
    });
    branches.chain(grants).collect()
}

fn scopes() -> Vec<String> {
    let assumed = SCOPES * 9 / 10;
    let branches = (0..assumed).map(|number| format!("assume:repo:example.com/project-{}:branch:main", number * 5));
    let plain = (assumed..SCOPES).map(|number| format!("queue:create-task:lowest:pool/queue-{number}"));
    branches.chain(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scopes_reach_the_roles_that_they_name() {
        let all = RoleSet::compile(&roles()).unwrap();
        let expanded = all.expand(scopes().iter().map(String::as_str)).unwrap();
        let expected = SCOPES + SCOPES * 9 / 10 * (2 + 10);
        assert_eq!(expanded.into_vec().len(), expected);
    }
}
