//! Unpacking into a task directory, piece by piece and within limits.

mod decode;
mod limit;
mod lzip;
mod tar;
mod tree;
mod zip;

use std::{
    fs::File,
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

pub(super) use self::limit::UnpackLimit;
use self::{decode::Packing, limit::Budget, tree::Tree};
use crate::{
    files::{Directory, NewFile, copy},
    isolation::Confinement,
};

/// Lines about what was left out of one archive; more help nobody.
const MAX_NOTES: usize = 20;

/// Unpacks an archive into a directory. Answers what was left out, a line each; the error says why it cannot be unpacked.
pub(super) async fn archive(
    archive: File,
    format: &str,
    into: Directory,
    limit: UnpackLimit,
    confinement: &Confinement,
) -> Result<Vec<String>, String> {
    let guard = Cancel::default();
    let mut tree = Tree::new(into, Budget::new(limit, guard.0.clone()));
    if format == "zip" {
        return blocking(move || {
            zip::unpack(archive, &mut tree)?;
            tree.finish()
        })
        .await;
    }
    let packing = Packing::of_archive(&archive, format).map_err(|error| error.to_string())?;
    let mut content = decode::open(archive, packing, confinement).map_err(|error| error.to_string())?;
    blocking(move || {
        tar::unpack(&mut content, &mut tree)?;
        content.finish()?;
        tree.finish()
    })
    .await
}

/// Decompresses a file to a new one of this name.
pub(super) async fn file(
    packed: File,
    format: &str,
    into: Directory,
    name: &Path,
    limit: UnpackLimit,
    confinement: &Confinement,
) -> Result<(), String> {
    let guard = Cancel::default();
    let mut budget = Budget::new(limit, guard.0.clone());
    let packing = Packing::of_format(format).ok_or_else(|| format!("no program is known for `{format}`"))?;
    let mut content = decode::open(packed, packing, confinement).map_err(|error| error.to_string())?;
    let name = name.as_os_str().to_owned();
    blocking(move || {
        let new = NewFile { mode: 0o644, modified: None };
        into.write(&name, &new, |file| copy(&mut content, file, |length| budget.bytes(length)))?;
        content.finish()
    })
    .await
}

/// Writes what a file holds, packed in whichever way, to another one.
pub(crate) async fn decompress(
    packed: File,
    mut plain: File,
    max_bytes: u64,
    confinement: &Confinement,
) -> Result<(), String> {
    let guard = Cancel::default();
    let limit = UnpackLimit { bytes: max_bytes, entries: 1 };
    let mut budget = Budget::new(limit, guard.0.clone());
    let packing = Packing::of_archive(&packed, "tar").map_err(|error| error.to_string())?;
    let mut content = decode::open(packed, packing, confinement).map_err(|error| error.to_string())?;
    blocking(move || {
        copy(&mut content, &mut plain, |length| budget.bytes(length))?;
        content.finish()
    })
    .await
}

/// Tells the thread that unpacks to stop when nobody waits for it any more.
#[derive(Default)]
struct Cancel(Arc<AtomicBool>);

impl Drop for Cancel {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, String> {
    let done = tokio::task::spawn_blocking(work).await.map_err(io::Error::other);
    done.and_then(|done| done).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
