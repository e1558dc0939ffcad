//! The few system calls that have no safe form. All but `register` are made by a process with one thread.

#![expect(unsafe_code, reason = "fork, unshare, mount_setattr and signalfd have no safe form")]

use std::{
    io,
    mem::MaybeUninit,
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
    path::Path,
    ptr,
};

use rustix::{
    path::Arg,
    process::Pid,
    thread::{UnshareFlags, unshare_unsafe},
};
use tokio::io::unix::AsyncFd;

/// Who returns from `fork`.
pub(crate) enum Forked {
    Child,
    Parent(Pid),
}

/// A second process that goes on from here.
pub(crate) fn fork() -> io::Result<Forked> {
    // SAFETY: this process has one thread, so that no lock can be held by another one.
    match unsafe { libc::fork() } {
        0 => Ok(Forked::Child),
        pid => Pid::from_raw(pid).filter(|_| pid > 0).map(Forked::Parent).ok_or_else(io::Error::last_os_error),
    }
}

pub(crate) fn unshare(flags: UnshareFlags) -> io::Result<()> {
    // SAFETY: descriptors and addresses are not unshared, and there is no other thread that could see a difference.
    Ok(unsafe { unshare_unsafe(flags) }?)
}

/// Makes files of a mount that is at no place yet belong to the users that this namespace has for them.
pub(crate) fn map_ids(mount: BorrowedFd<'_>, users: BorrowedFd<'_>) -> io::Result<()> {
    let users = u64::from(users.as_raw_fd().cast_unsigned());
    let attributes =
        libc::mount_attr { attr_set: libc::MOUNT_ATTR_IDMAP, attr_clr: 0, propagation: 0, userns_fd: users };
    // SAFETY: both descriptors are open, the text ends with a NUL, and the size is that of the structure.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Sets attributes of a mount, and with `recursive` of all mounts below it; others keep their value.
pub(crate) fn set_mount_attributes(path: &Path, attributes: u64, recursive: bool) -> io::Result<()> {
    let attributes = libc::mount_attr { attr_set: attributes, attr_clr: 0, propagation: 0, userns_fd: 0 };
    let flags = if recursive { libc::AT_RECURSIVE } else { 0 };
    let result = path.into_with_c_str(|path| {
        // SAFETY: the text ends with a NUL, and the size is that of the structure; both live during the call.
        Ok(unsafe {
            libc::syscall(
                libc::SYS_mount_setattr,
                libc::AT_FDCWD,
                path.as_ptr(),
                flags,
                &raw const attributes,
                size_of::<libc::mount_attr>(),
            )
        })
    })?;
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Blocks the signals that tell of ended children, and answers with a descriptor that is readable while one waits.
pub(crate) fn child_signals() -> io::Result<OwnedFd> {
    let mut set = MaybeUninit::uninit();
    // SAFETY: the set is initialised before it is used; a new descriptor belongs to nobody else.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGCHLD);
        if libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
        let fd = libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(fd)) }
    }
}

/// Brings up the loopback interface of this network namespace.
pub(crate) fn loopback_up(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: a structure of zeroes is valid, and its name is shorter than its field.
    let result = unsafe {
        let mut request: libc::ifreq = MaybeUninit::zeroed().assume_init();
        request.ifr_name[0] = libc::c_char::try_from(b'l').unwrap_or_default();
        request.ifr_name[1] = libc::c_char::try_from(b'o').unwrap_or_default();
        request.ifr_ifru.ifru_flags = libc::c_short::try_from(libc::IFF_UP | libc::IFF_RUNNING).unwrap_or_default();
        libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw mut request)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Kills all processes of the process namespace but its first one, which must be the caller.
pub(crate) fn kill_all_others() -> io::Result<()> {
    if rustix::process::getpid() != Pid::INIT {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    // SAFETY: plain numbers. Only the first process of a namespace, which signals of its own do not hit, gets here.
    if unsafe { libc::kill(-1, libc::SIGKILL) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A descriptor whose readiness the runtime waits for.
pub(crate) fn register(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an owned descriptor is the same one, and open, for as long as it lives.
    unsafe { AsyncFd::register(descriptor) }.map_err(Into::into)
}
