//! The directory that an archive is unpacked to.

use std::{
    ffi::OsString,
    io::{self, Read},
    path::{Component, Path},
};

use super::{MAX_NOTES, limit::Budget};
use crate::files::{Directory, NewFile, components, copy};

pub(super) struct Tree {
    root: Directory,
    budget: Budget,
    /// The directory of the last entry: the next one is mostly in the same.
    last: Option<(Vec<OsString>, Directory)>,
    /// Directories that may not be writable in the end.
    modes: Vec<(Vec<OsString>, u32)>,
    notes: Vec<String>,
    left_out: usize,
}

impl Tree {
    pub(super) fn new(root: Directory, budget: Budget) -> Self {
        Self { root, budget, last: None, modes: Vec::new(), notes: Vec::new(), left_out: 0 }
    }

    /// Sets what had to wait, and answers what was left out.
    pub(super) fn finish(&mut self) -> io::Result<Vec<String>> {
        for (parts, mode) in std::mem::take(&mut self.modes).into_iter().rev() {
            self.root.make(&parts)?.set_mode(mode | 0o700)?;
        }
        let mut notes = std::mem::take(&mut self.notes);
        if self.left_out > notes.len() {
            notes.push(format!("{} entries were left out in all", self.left_out));
        }
        Ok(notes)
    }

    pub(super) fn directory(&mut self, path: &Path, mode: u32) -> io::Result<()> {
        self.budget.entry()?;
        let parts = checked(path)?;
        self.root.make(&parts)?;
        if mode & 0o777 != 0o755 && !parts.is_empty() {
            self.modes.push((parts, mode));
        }
        Ok(())
    }

    pub(super) fn file(&mut self, path: &Path, new: &NewFile, content: &mut dyn Read) -> io::Result<()> {
        self.budget.entry()?;
        let (directory, name) = self.place(path)?;
        let budget = &mut self.budget;
        directory.write(&name, new, |file| copy(content, file, |length| budget.bytes(length)))
    }

    /// A link that leads out of the directory is left out.
    pub(super) fn link(&mut self, path: &Path, target: &Path) -> io::Result<()> {
        self.budget.entry()?;
        let (directory, name) = self.place(path)?;
        if leads_out(path, target) {
            self.leave_out(path, "a link that leads out");
            return Ok(());
        }
        directory.link(&name, target)
    }

    pub(super) fn second_name(&mut self, path: &Path, existing: &Path) -> io::Result<()> {
        self.budget.entry()?;
        let (from, existing) = self.place(existing)?;
        let (directory, name) = self.place(path)?;
        directory.second_name(&name, &from, &existing)
    }

    /// Reads on to the end of an entry. That counts too, or an archive could go on for ever.
    pub(super) fn skip(&mut self, content: &mut dyn Read) -> io::Result<()> {
        let budget = &mut self.budget;
        copy(content, &mut io::sink(), |length| budget.bytes(length))
    }

    /// What an archive must not bring, such as a device, is not made; the rest is.
    pub(super) fn leave_out(&mut self, path: &Path, what: &str) {
        self.left_out += 1;
        if self.notes.len() < MAX_NOTES {
            self.notes.push(format!("left out `{}`: {what}", path.display()));
        }
    }

    fn place(&mut self, path: &Path) -> io::Result<(Directory, OsString)> {
        let mut parts = checked(path)?;
        let name = parts.pop().ok_or_else(|| refused(path, "names no file"))?;
        if let Some((last, directory)) = &self.last
            && *last == parts
        {
            return Ok((directory.clone(), name));
        }
        let directory = self.root.make(&parts)?;
        self.last = Some((parts, directory.clone()));
        Ok((directory, name))
    }
}

fn checked(path: &Path) -> io::Result<Vec<OsString>> {
    components(path).map_err(|what| refused(path, what))
}

fn refused(path: &Path, what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the entry `{}` {what}", path.display()))
}

/// By its words alone. What a link really leads to is looked at where it is followed.
fn leads_out(link: &Path, target: &Path) -> bool {
    let depth = link.components().filter(|part| matches!(part, Component::Normal(_))).count();
    let mut depth = depth.saturating_sub(1);
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return true,
        }
    }
    false
}
