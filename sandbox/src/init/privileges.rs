//! Giving up every right, for good.

use std::io;

use rustix::{
    fs::{Gid, Mode, Uid},
    process::{
        DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior, set_parent_process_death_signal, setrlimit,
        umask,
    },
    thread::{
        CapabilitySet, CapabilitySets, clear_ambient_capability_set, remove_capability_from_bounding_set,
        set_capabilities, set_no_new_privs, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
    },
};

use crate::plan::{Account, Limits};

/// No kernel has more than these.
const MAX_CAPABILITIES: u32 = 64;

pub(super) fn drop_all(account: &Account, limits: &Limits) -> io::Result<()> {
    // The kernel refuses numbers that it does not know, which come last.
    let known = (0..MAX_CAPABILITIES).map(|number| CapabilitySet::from_bits_retain(1 << number));
    let _ = known.map(remove_capability_from_bounding_set).take_while(Result::is_ok).count();
    clear_ambient_capability_set()?;
    set_no_new_privs(true)?;
    if !account.is_mapped {
        let groups: Vec<Gid> = account.groups.iter().map(|group| Gid::from_raw(group.gid)).collect();
        let (uid, gid) = (Uid::from_raw(account.uid), Gid::from_raw(account.gid));
        set_thread_groups(&groups)?;
        set_thread_res_gid(gid, gid, gid)?;
        set_thread_res_uid(uid, uid, uid)?;
    }
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    limit(Resource::Core, 0)?;
    if let Some(processes) = limits.processes {
        limit(Resource::Nproc, processes)?;
    }
    umask(Mode::from_raw_mode(0o022));
    // The programs run as the same user: they must neither look into this process nor trace it.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    // A change of the user clears it, so it comes after.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    Ok(())
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}
