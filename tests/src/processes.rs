//! Other processes of this machine: who they are, and signals to them.

use std::{fs, process::Command};

/// Ids of the processes that `parent` started and that still run, in no order.
pub fn children_of(parent: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| parent_of(*id) == Some(parent)).collect()
}

/// `None` for a process that has ended, reaped or not.
pub fn parent_of(id: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    if fields.next()? == "Z" { None } else { fields.next()?.parse().ok() }
}

/// Sends a signal, named as `kill` names it, to all these processes at once.
pub fn signal(name: &str, ids: &[u32]) {
    let ids = ids.iter().map(u32::to_string);
    let status = Command::new("kill").arg(format!("-{name}")).args(ids).status().unwrap();
    assert!(status.success(), "kill -{name} failed");
}
