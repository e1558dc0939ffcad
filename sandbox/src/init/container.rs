//! The file system of a container: an image, which is not changed, and what the programs change.
//!
//! What an image has as links may lead anywhere, so nothing is put into it before it is the root: then they lead to places of the image.

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::fs::{DirBuilderExt, chown},
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::CWD,
    mount::{
        FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags,
        fsconfig_create, fsconfig_set_string, fsmount, fsopen, mount_change, move_mount, open_tree,
    },
    process::chdir,
};

use super::{
    devices,
    mounts::NewRoot,
    root,
    step::{StepError, step},
    users::Identity,
};
use crate::{
    plan::{Image, Plan, View},
    sys,
};

/// A container that is set up, but for the rights of its programs.
pub(super) struct Container {
    /// All that the programs may write to and all of the image, without `/dev` and `/proc`. It lives as long as this is open.
    pub(super) tree: OwnedFd,
    pub(super) identity: Identity,
}

/// What is put into the container, and where.
type Part = (OwnedFd, PathBuf);

const HOSTS: &str = "127.0.0.1 localhost localhost.localdomain task taskcluster\n";
const STEP: &str = "file system of the container";

/// Makes it the root. Nothing of the old one can be reached afterwards.
pub(super) fn build(plan: &Plan, image: &Image, users: &OwnedFd) -> Result<Container, StepError> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    step("mount namespace", mount_change("/", private).map_err(Into::into))?;
    let staging = NewRoot(plan.staging.clone());
    step("root", staging.memory(Path::new("/"), "mode=0700,size=8m", MountFlags::NODEV))?;
    step("layers of the image", overlay(&staging, image, users.as_fd()))?;
    let views = step("mounts of the task", views(&staging, &plan.views))?;
    let system = step("/dev and /proc", system(&staging, plan))?;
    step("new root", root::enter(&staging.place(Path::new("/root"))))?;
    for (mount, target) in &views {
        step(&target.display().to_string(), attach(mount, target, image.first_id))?;
    }
    step(&image.directory.display().to_string(), directory(&image.directory, image.first_id).map(drop))?;
    let tree = step(STEP, clone(Path::new("/")))?;
    for (mount, target) in &system {
        step(&target.display().to_string(), attach(mount, target, image.first_id))?;
    }
    step("/dev", sys::set_mount_attributes(Path::new("/dev"), libc::MOUNT_ATTR_RDONLY, false))?;
    let identity = step("user of the image", Identity::find(&image.user, Path::new("/")))?;
    step("new root", chdir("/").map_err(Into::into))?;
    Ok(Container { tree, identity })
}

/// Layers belong to the host's users, from root on; the programs see them as their own.
fn overlay(staging: &NewRoot, image: &Image, users: BorrowedFd<'_>) -> io::Result<()> {
    let layers = staging.directory("/layers")?;
    for (number, layer) in image.layers.iter().enumerate() {
        let place = staging.directory(Path::new("/layers").join(number.to_string()))?;
        let mount = open_tree(CWD, layer, OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC)?;
        sys::map_ids(mount.as_fd(), users)?;
        put(&mount, &place)?;
    }
    // By short names: the kernel takes no more than a page of them.
    chdir(&layers)?;
    let lower = (0..image.layers.len()).map(|number| number.to_string()).collect::<Vec<_>>().join(":");
    let overlay = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(&overlay, "lowerdir", lower)?;
    fsconfig_set_string(&overlay, "upperdir", &image.upper)?;
    fsconfig_set_string(&overlay, "workdir", &image.work)?;
    fsconfig_create(&overlay)?;
    let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
    let mount = fsmount(&overlay, FsMountFlags::FSMOUNT_CLOEXEC, attributes)?;
    put(&mount, &staging.directory("/root")?)
}

fn views(staging: &NewRoot, views: &[View]) -> io::Result<Vec<Part>> {
    let make = |(number, view): (usize, &View)| {
        let place = Path::new("/views").join(number.to_string());
        staging.view(&View { target: place.clone(), ..view.clone() })?;
        Ok((clone(&staging.place(&place))?, view.target.clone()))
    };
    views.iter().enumerate().map(make).collect()
}

fn system(staging: &NewRoot, plan: &Plan) -> io::Result<Vec<Part>> {
    devices::build(staging, plan.limits.shared_memory)?;
    // The first process has to see all others, whatever user of the container they run as.
    root::processes(staging, "")?;
    let mut parts = vec![];
    for path in ["/dev", "/proc"] {
        parts.push((clone(&staging.place(Path::new(path)))?, PathBuf::from(path)));
    }
    let hostname = format!("{}\n", plan.hostname);
    for (path, content) in [("/etc/hosts", HOSTS), ("/etc/hostname", &hostname), ("/etc/resolv.conf", "")] {
        let place = staging.file(path, content.as_bytes())?;
        parts.push((clone(&place)?, PathBuf::from(path)));
    }
    let processors = Path::new(root::PROCESSORS);
    if processors.is_dir() {
        staging.view(&View::read_only(processors))?;
        parts.push((clone(&staging.place(processors))?, processors.to_owned()));
    }
    Ok(parts)
}

/// A copy of a mount with all below it, at no place yet.
fn clone(path: &Path) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    Ok(open_tree(CWD, path, flags)?)
}

fn put(mount: &OwnedFd, place: &Path) -> io::Result<()> {
    Ok(move_mount(mount, "", CWD, place, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?)
}

/// Below the new root. What is missing of the path is made.
fn attach(mount: &OwnedFd, target: &Path, owner: u32) -> io::Result<()> {
    let is_directory = File::from(mount.try_clone()?).metadata()?.is_dir();
    if is_directory {
        directory(target, owner)?;
    } else if !target.exists() {
        directory(target.parent().unwrap_or(Path::new("/")), owner)?;
        File::create(target)?;
    }
    put(mount, &fs::canonicalize(target)?)
}

/// New ones belong to the root of the container.
fn directory(target: &Path, owner: u32) -> io::Result<()> {
    let missing: Vec<&Path> = target.ancestors().take_while(|path| !path.exists()).collect();
    for path in missing.into_iter().rev() {
        DirBuilder::new().mode(0o755).create(path)?;
        chown(path, Some(owner), Some(owner))?;
    }
    Ok(())
}
