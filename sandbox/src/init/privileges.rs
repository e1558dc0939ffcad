//! Giving up every right, for good.

use std::{io, os::fd::BorrowedFd};

use rustix::{
    fs::{Gid, Mode, Uid},
    process::{
        DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior, set_parent_process_death_signal, setrlimit,
        umask,
    },
    thread::{
        CapabilitySet, CapabilitySets, LinkNameSpaceType, clear_ambient_capability_set, move_into_link_name_space,
        remove_capability_from_bounding_set, set_capabilities, set_no_new_privs, set_thread_groups, set_thread_res_gid,
        set_thread_res_uid,
    },
};

use crate::plan::{Account, Limits};

/// No kernel has more than these.
const MAX_CAPABILITIES: u32 = 64;

/// What the root of a container may do with files and processes that are the container's own, as in other engines. Its user namespace has
/// no mount, network or other namespace of its own, so it has no rights there.
const IN_CONTAINERS: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::SETPCAP);

pub(super) fn drop_all(account: &Account, limits: &Limits) -> io::Result<()> {
    keep_in_bounding_set(CapabilitySet::empty());
    clear_ambient_capability_set()?;
    set_no_new_privs(true)?;
    if !account.is_mapped {
        let groups: Vec<Gid> = account.groups.iter().map(|group| Gid::from_raw(group.gid)).collect();
        become_user(Uid::from_raw(account.uid), Gid::from_raw(account.gid), &groups)?;
    }
    keep(CapabilitySet::empty())?;
    finish(limits)
}

/// Becomes the root of a container. Going there gives all rights in it, and takes all others away.
pub(super) fn enter_container(users: BorrowedFd<'_>, limits: &Limits) -> io::Result<()> {
    set_no_new_privs(true)?;
    move_into_link_name_space(users, Some(LinkNameSpaceType::User))?;
    become_user(Uid::ROOT, Gid::ROOT, &[])?;
    keep_in_bounding_set(IN_CONTAINERS);
    clear_ambient_capability_set()?;
    keep(IN_CONTAINERS)?;
    finish(limits)
}

/// Also leaves the present one, whose rights those who are not root lose.
pub(super) fn become_user(uid: Uid, gid: Gid, groups: &[Gid]) -> rustix::io::Result<()> {
    set_thread_groups(groups)?;
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)
}

fn keep_in_bounding_set(kept: CapabilitySet) {
    // The kernel refuses numbers that it does not know, which come last.
    let known = (0..MAX_CAPABILITIES).map(|number| CapabilitySet::from_bits_retain(1 << number));
    let dropped = known.filter(|capability| !kept.contains(*capability));
    let _ = dropped.map(remove_capability_from_bounding_set).take_while(Result::is_ok).count();
}

fn keep(kept: CapabilitySet) -> io::Result<()> {
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    Ok(set_capabilities(None, sets)?)
}

fn finish(limits: &Limits) -> io::Result<()> {
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
