//! Groups of the machine that a task's user can be in.

use std::{fs, io};

use sandbox::Group;

/// Those of services that hold rights over the whole machine, whatever scope a task has.
const NEVER: [&str; 12] =
    ["adm", "disk", "docker", "incus", "kmem", "kvm", "libvirt", "lxd", "podman", "shadow", "sudo", "wheel"];

/// Why a task cannot be in a group.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GroupError {
    #[error("this machine has no group `{0}` in /etc/group")]
    Unknown(String),
    #[error("the group `{0}` has rights over the whole machine")]
    Powerful(String),
    #[error("/etc/group cannot be read: {0}")]
    File(#[from] io::Error),
}

/// The groups of these names, in their order.
pub(crate) fn find(names: &[String]) -> Result<Vec<Group>, GroupError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let file = fs::read_to_string("/etc/group")?;
    names.iter().map(|name| one(&file, name)).collect()
}

fn one(file: &str, name: &str) -> Result<Group, GroupError> {
    let mut lines = file.lines().map(|line| line.split(':'));
    let found = lines.find_map(|mut fields| (fields.next()? == name).then(|| fields.nth(1)?.parse().ok())?);
    match found {
        None => Err(GroupError::Unknown(name.to_owned())),
        Some(0) => Err(GroupError::Powerful(name.to_owned())),
        Some(_) if NEVER.contains(&name) => Err(GroupError::Powerful(name.to_owned())),
        Some(gid) => Ok(Group { gid, name: name.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_found_by_name_and_powerful_ones_are_not_given() {
        let file = "root:x:0:\ndocker:x:998:\naudio:x:29:pulse\nwheel2:x:0:\n";
        assert_eq!(one(file, "audio").unwrap().gid, 29);
        for name in ["root", "docker", "wheel2"] {
            assert!(matches!(one(file, name), Err(GroupError::Powerful(_))), "{name}");
        }
        for name in ["aud", "video", "", "x", "audio:x"] {
            assert!(matches!(one(file, name), Err(GroupError::Unknown(_))), "{name}");
        }
    }
}
