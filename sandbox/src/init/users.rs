//! The users of a container: its own numbers from 0 on stand for a range of the host's.

use std::{
    fs::{self, File},
    io::{self, Read},
    os::{fd::OwnedFd, unix::fs::OpenOptionsExt},
    path::Path,
};

use rustix::{
    fs::{Gid, Uid},
    io::{read, write},
    process::{WaitOptions, waitpid},
    thread::UnshareFlags,
};

use crate::{
    channel,
    plan::CONTAINER_IDS,
    sys::{self, Forked},
};

/// Whom the programs of a container run as, by its own numbers and files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) uid: Uid,
    pub(super) gid: Gid,
    pub(super) groups: Vec<Gid>,
    pub(super) home: String,
}

const PASSWD: &str = "etc/passwd";
const GROUP: &str = "etc/group";
/// Nobody has as many users.
const MAX_BYTES: u64 = 4 << 20;

/// A user namespace that nobody is in yet. It is made by a process that ends again: what this one has to do before it goes there takes
/// the rights of the host's root. Before the process namespace, since `/proc` is still that of the host.
pub(super) fn namespace(first_id: u32) -> io::Result<OwnedFd> {
    let (ours, theirs) = channel::pair()?;
    match sys::fork()? {
        Forked::Child => {
            drop(ours);
            let made = sys::unshare(UnshareFlags::NEWUSER).and_then(|()| Ok(write(&theirs, b"1")?));
            // Returns when the other end is closed.
            let _ = made.map(|_| read(&theirs, &mut [0; 1]));
            std::process::exit(0)
        }
        Forked::Parent(child) => {
            drop(theirs);
            let is_made = read(&ours, &mut [0; 1])? == 1;
            let namespace = if is_made { mapped(child.as_raw_nonzero().get(), first_id) } else { Err(refused()) };
            drop(ours);
            waitpid(Some(child), WaitOptions::empty())?;
            namespace
        }
    }
}

fn mapped(pid: i32, first_id: u32) -> io::Result<OwnedFd> {
    let process = Path::new("/proc").join(pid.to_string());
    for name in ["uid_map", "gid_map"] {
        fs::write(process.join(name), format!("0 {first_id} {CONTAINER_IDS}"))?;
    }
    Ok(File::open(process.join("ns/user"))?.into())
}

fn refused() -> io::Error {
    io::Error::other("the kernel gives no user namespace")
}

impl Identity {
    /// As an image names it: `user`, `user:group`, each a name or a number. Nothing: root.
    pub(super) fn find(user: &str, root: &Path) -> io::Result<Self> {
        let (passwd, group) = (text(&root.join(PASSWD))?, text(&root.join(GROUP))?);
        let (name, group_name) = user.split_once(':').unwrap_or((user, ""));
        let name = if name.is_empty() { "0" } else { name };
        let user = lines(&passwd).find(|fields| fields[0] == name || fields.get(2) == Some(&name));
        let number = |fields: &[&str], index: usize| fields.get(index).and_then(|text| text.parse::<u32>().ok());
        let uid = user.as_ref().and_then(|user| number(user, 2)).or_else(|| name.parse().ok());
        let uid = within(uid).ok_or_else(|| unknown("user", name))?;
        let own_name = user.as_ref().map_or(name, |user| user[0]);
        let gid = if group_name.is_empty() {
            within(user.as_ref().and_then(|user| number(user, 3)).or(Some(0)))
        } else {
            let found = lines(&group).find(|fields| fields[0] == group_name || fields.get(2) == Some(&group_name));
            within(found.and_then(|fields| number(&fields, 2)).or_else(|| group_name.parse().ok()))
        };
        let gid = gid.ok_or_else(|| unknown("group", group_name))?;
        let is_member =
            |fields: &Vec<&str>| fields.get(3).is_some_and(|names| names.split(',').any(|it| it == own_name));
        let groups = lines(&group).filter(is_member).filter_map(|fields| within(number(&fields, 2))).map(Gid::from_raw);
        let groups = if group_name.is_empty() { groups.collect() } else { Vec::new() };
        let home = user.as_ref().and_then(|user| user.get(5)).filter(|home| !home.is_empty()).map_or("/", |home| home);
        Ok(Self { uid: Uid::from_raw(uid), gid: Gid::from_raw(gid), groups, home: home.to_owned() })
    }
}

fn lines(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().map(|line| line.trim().split(':').collect())
}

fn within(number: Option<u32>) -> Option<u32> {
    number.filter(|number| *number < CONTAINER_IDS)
}

fn unknown(kind: &str, name: &str) -> io::Error {
    io::Error::other(format!("the image has no {kind} `{name}`"))
}

/// Also bytes that are no text. A file that is not there has nothing in it, and a pipe is not waited for.
fn text(path: &Path) -> io::Result<String> {
    let file = match File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        file => file?,
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other(format!("`{}` of the image is no file", path.display())));
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(user: &str) -> Result<(u32, u32, Vec<u32>, String), String> {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        fs::write(
            root.path().join(PASSWD),
            "root:x:0:0:root:/root:/bin/sh\nworker:x:1000:1001::/builds/worker:/bin/sh\n",
        )
        .unwrap();
        fs::write(root.path().join(GROUP), "root:x:0:\nkvm:x:78:root,worker\nbig:x:70000:worker\nstaff:x:50:\n")
            .unwrap();
        let found = Identity::find(user, root.path()).map_err(|error| error.to_string())?;
        let groups = found.groups.iter().map(|gid| gid.as_raw()).collect();
        Ok((found.uid.as_raw(), found.gid.as_raw(), groups, found.home))
    }

    #[test]
    fn a_user_is_found_by_name_and_number_as_docker_does() {
        let worker = || "/builds/worker".to_owned();
        assert_eq!(find("").unwrap(), (0, 0, vec![78], "/root".to_owned()));
        assert_eq!(find("worker").unwrap(), (1000, 1001, vec![78], worker()));
        assert_eq!(find("1000").unwrap(), (1000, 1001, vec![78], worker()));
        assert_eq!(find("worker:staff").unwrap(), (1000, 50, vec![], worker()));
        assert_eq!(find("1234:4321").unwrap(), (1234, 4321, vec![], "/".to_owned()));
        assert_eq!(find("1234").unwrap(), (1234, 0, vec![], "/".to_owned()));
    }

    #[test]
    fn nobody_is_found_outside_of_the_range() {
        assert_eq!(find("nobody-has-it").unwrap_err(), "the image has no user `nobody-has-it`");
        assert_eq!(find("worker:nobody").unwrap_err(), "the image has no group `nobody`");
        for user in ["65536", "4294967295", "0:65536", "-1"] {
            assert!(find(user).is_err(), "{user}");
        }
    }
}
