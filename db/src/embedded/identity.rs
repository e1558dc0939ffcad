//! Which user the server runs as. PostgreSQL refuses root, so root lends it another name.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{EmbeddedError, spawn};

/// A user to become, with the group of that user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) name: String,
}

/// `None`: we are not root and run the server as ourselves.
/// As root: the owner of existing data, else the first of drover, postgres, nobody that the machine has.
pub(super) fn choose(data: &Path) -> Result<Option<Identity>, EmbeddedError> {
    if spawn::effective_uid() != 0 {
        return Ok(None);
    }
    if let Ok(found) = fs::metadata(data)
        && found.uid() != 0
    {
        return Ok(Some(Identity { uid: found.uid(), gid: found.gid(), name: format!("with id {}", found.uid()) }));
    }
    let accounts = fs::read_to_string("/etc/passwd").map_err(EmbeddedError::at("reading", Path::new("/etc/passwd")))?;
    let known = ["drover", "postgres", "nobody"].iter().find_map(|name| account(&accounts, name));
    known.map(Some).ok_or(EmbeddedError::NoUser)
}

/// Refuses a directory that the user cannot reach because one above it is closed.
pub(super) fn check_reach(identity: Option<&Identity>, directory: &Path) -> Result<(), EmbeddedError> {
    let Some(identity) = identity else { return Ok(()) };
    for step in directory.ancestors() {
        let found = fs::metadata(step).map_err(EmbeddedError::at("looking at", step))?;
        if !may_enter(identity, found.uid(), found.gid(), found.mode()) {
            return Err(EmbeddedError::Unreachable { user: identity.name.clone(), directory: step.to_owned() });
        }
    }
    Ok(())
}

fn may_enter(identity: &Identity, owner: u32, group: u32, mode: u32) -> bool {
    let bit = if identity.uid == owner {
        0o100
    } else if identity.gid == group {
        0o010
    } else {
        0o001
    };
    mode & bit != 0
}

/// One line of `/etc/passwd`: name, password, uid, gid, and what we do not need.
fn account(accounts: &str, name: &str) -> Option<Identity> {
    let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    let (uid, gid) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    (uid != 0).then(|| Identity { uid, gid, name: name.to_owned() })
}
