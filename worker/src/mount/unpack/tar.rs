//! Archives of `tar`.

use std::{
    cell::Cell,
    io::{self, Read},
};

use tar::{Archive, Entry, EntryType};

use super::tree::Tree;
use crate::files::NewFile;

/// More than the headers of one entry need. They are held in memory, and compressed ones cost nothing to send.
const MAX_HEADERS: u64 = 4 * 1024 * 1024;

pub(super) fn unpack(content: &mut dyn Read, tree: &mut Tree) -> io::Result<()> {
    let left = Cell::new(MAX_HEADERS);
    let mut archive = Archive::new(Metered { content, left: &left });
    let mut entries = archive.entries()?;
    loop {
        left.set(MAX_HEADERS);
        let Some(entry) = entries.next() else { return Ok(()) };
        left.set(u64::MAX);
        let mut entry = entry?;
        one(&mut entry, tree)?;
        // What is left of it would count as headers of the next.
        tree.skip(&mut entry)?;
    }
}

fn one<R: Read>(entry: &mut Entry<'_, R>, tree: &mut Tree) -> io::Result<()> {
    let path = entry.path()?.into_owned();
    let header = entry.header();
    let (kind, mode) = (header.entry_type(), header.mode()?);
    let new = NewFile { mode, modified: header.mtime().ok().and_then(|time| i64::try_from(time).ok()) };
    match kind {
        EntryType::Directory => tree.directory(&path, mode),
        EntryType::Symlink => {
            let target = entry.link_name()?.ok_or(io::ErrorKind::InvalidData)?.into_owned();
            tree.link(&path, &target)
        }
        EntryType::Link => {
            let existing = entry.link_name()?.ok_or(io::ErrorKind::InvalidData)?.into_owned();
            tree.second_name(&path, &existing)
        }
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => tree.file(&path, &new, entry),
        EntryType::XGlobalHeader => Ok(()),
        _ => {
            tree.leave_out(&path, "neither a file, a directory nor a link");
            Ok(())
        }
    }
}

/// Gives no more than is left.
struct Metered<'a> {
    content: &'a mut dyn Read,
    left: &'a Cell<u64>,
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.content.read(buffer)?;
        let left = self.left.get().checked_sub(length as u64);
        self.left.set(left.ok_or_else(|| io::Error::other("an entry has headers of more than 4 MiB"))?);
        Ok(length)
    }
}
