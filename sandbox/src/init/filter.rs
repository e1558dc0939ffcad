//! The system calls that no program in a sandbox may make: ways to more rights, and large parts of the kernel that builds
//! do not need. They fail with EPERM.

use std::{collections::BTreeMap, io};

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter, sock_filter,
};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

const NEVER: [libc::c_long; 41] = [
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kcmp,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_open_by_handle_at,
    libc::SYS_setns,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_reboot,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_syslog,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_vhangup,
    libc::SYS_lookup_dcookie,
];
const NAMESPACES: [i32; 7] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
];
/// `CLONE_NEWTIME`, which only `unshare` knows: for `clone` the bit is a part of a signal's number.
const NEW_TIME: i32 = 0x80;
/// Virtual machines, raw packets, ciphers in the kernel, and the protocol of its keys.
const SOCKETS: [i32; 4] = [libc::AF_VSOCK, libc::AF_PACKET, libc::AF_ALG, libc::AF_KEY];
/// Typing into somebody else's terminal: `TIOCSTI`, and `TIOCLINUX` with its paste.
const TERMINALS: [u32; 2] = [0x5412, 0x541c];

pub(super) fn install() -> io::Result<()> {
    // The flags of `clone3` lie in memory, where a filter cannot look; programs fall back to `clone`.
    let unknown = Rules::from([(libc::SYS_clone3, Vec::new())]);
    let programs = [foreign_numbers(), compile(unknown, libc::ENOSYS)?, compile(refused()?, libc::EPERM)?];
    programs.iter().try_for_each(|program| apply_filter(program).map_err(io::Error::other))
}

fn refused() -> io::Result<Rules> {
    let mut rules: Rules = NEVER.into_iter().map(|number| (number, Vec::new())).collect();
    rules.insert(libc::SYS_clone, any_of(&NAMESPACES)?);
    rules.insert(libc::SYS_unshare, any_of(&[NAMESPACES.as_slice(), &[NEW_TIME]].concat())?);
    let sockets = SOCKETS.into_iter().map(|family| rule(0, SeccompCmpOp::Eq, bit(family)));
    rules.insert(libc::SYS_socket, sockets.collect::<io::Result<_>>()?);
    let terminals = TERMINALS.into_iter().map(|request| rule(1, SeccompCmpOp::Eq, u64::from(request)));
    rules.insert(libc::SYS_ioctl, terminals.collect::<io::Result<_>>()?);
    Ok(rules)
}

fn any_of(flags: &[i32]) -> io::Result<Vec<SeccompRule>> {
    flags.iter().map(|flag| rule(0, SeccompCmpOp::MaskedEq(bit(*flag)), bit(*flag))).collect()
}

fn bit(flag: i32) -> u64 {
    u64::from(flag.cast_unsigned())
}

/// Only the lower half of an argument counts, as for the kernel.
fn rule(argument: u8, comparison: SeccompCmpOp, value: u64) -> io::Result<SeccompRule> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, comparison, value);
    condition.and_then(|condition| SeccompRule::new(vec![condition])).map_err(io::Error::other)
}

fn compile(rules: Rules, errno: i32) -> io::Result<BpfProgram> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
    let refusal = SeccompAction::Errno(errno.cast_unsigned());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refusal, arch).map_err(io::Error::other)?;
    filter.try_into().map_err(io::Error::other)
}

/// The numbers of the x32 interface, which are others for the same calls, do not exist: `ENOSYS`.
fn foreign_numbers() -> BpfProgram {
    const LOAD: u16 = 0x20;
    const JUMP_IF_AT_LEAST: u16 = 0x35;
    const RETURN: u16 = 0x06;
    const X32: u32 = 0x4000_0000;
    let line = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    vec![
        // The number is the first field of what a filter sees.
        line(LOAD, 0, 0, 0),
        line(JUMP_IF_AT_LEAST, 0, 1, X32),
        line(RETURN, 0, 0, libc::SECCOMP_RET_ERRNO | libc::ENOSYS.cast_unsigned()),
        line(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
    ]
}
