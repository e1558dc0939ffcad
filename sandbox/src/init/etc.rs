//! `/etc`: what programs need of it, and nothing that tells of the machine's users.

use std::{fs, io, os::unix::fs::symlink, path::Path};

use super::mounts::{NewRoot, is_readable_by_all};
use crate::plan::{Account, View};

const FILES: [&str; 28] = [
    "bash.bashrc",
    "ca-certificates.conf",
    "debian_version",
    "environment",
    "gitconfig",
    "host.conf",
    "hosts",
    "inputrc",
    "ld.so.cache",
    "ld.so.conf",
    "locale.alias",
    "locale.conf",
    "localtime",
    "lsb-release",
    "magic",
    "magic.mime",
    "mime.types",
    "mke2fs.conf",
    "networks",
    "nsswitch.conf",
    "os-release",
    "pip.conf",
    "profile",
    "protocols",
    "resolv.conf",
    "services",
    "timezone",
    "wgetrc",
];
const DIRECTORIES: [&str; 17] = [
    "X11",
    "alternatives",
    "ca-certificates",
    "crypto-policies",
    "fonts",
    "java",
    "ld.so.conf.d",
    "openssl",
    "perl",
    "pki",
    "profile.d",
    "python3",
    "python3.11",
    "python3.12",
    "python3.13",
    "ssl",
    "xdg",
];

pub(super) fn build(root: &NewRoot, account: &Account) -> io::Result<()> {
    root.directory("/etc")?;
    for name in FILES {
        let path = Path::new("/etc").join(name);
        if is_readable_by_all(&path) {
            root.file(&path, &fs::read(&path)?)?;
        }
    }
    for name in DIRECTORIES {
        let path = Path::new("/etc").join(name);
        if path.is_dir() {
            root.view(&View::read_only(path))?;
        }
    }
    root.file("/etc/passwd", users(account).as_bytes())?;
    root.file("/etc/group", groups(account).as_bytes())?;
    symlink("/proc/self/mounts", root.place(Path::new("/etc/mtab")))
}

fn users(account: &Account) -> String {
    let Account { name, uid, gid, home, .. } = account;
    let own = format!("{name}:x:{uid}:{gid}::{}:/bin/sh\n", home.display());
    let own = if *uid == 0 { String::new() } else { own };
    format!("root:x:0:0:root:/root:/bin/sh\n{own}nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n")
}

fn groups(account: &Account) -> String {
    let own = if account.gid == 0 { String::new() } else { format!("{}:x:{}:\n", account.name, account.gid) };
    let more = account.groups.iter().map(|group| format!("{}:x:{}:{}\n", group.name, group.gid, account.name));
    let more = more.collect::<Vec<_>>().concat();
    format!("root:x:0:\n{own}{more}nogroup:x:65534:\n")
}
