//! The size and hashes of a file, taken before it is sent.

use std::{
    fmt::Write,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha512};

const PIECE: usize = 64 * 1024;

/// A file as it was when it was read once.
#[derive(Debug, Clone)]
pub struct Hashed {
    pub path: PathBuf,
    pub size: u64,
    pub sha256: String,
    pub(crate) sha512: String,
}

impl Hashed {
    pub(crate) async fn read(path: &Path) -> io::Result<Self> {
        let path = path.to_owned();
        tokio::task::spawn_blocking(move || read(path)).await?
    }

    /// As the object service takes them.
    pub(crate) fn hashes(&self) -> Value {
        json!({ "sha256": self.sha256, "sha512": self.sha512 })
    }
}

fn read(path: PathBuf) -> io::Result<Hashed> {
    let mut file = File::open(&path)?;
    let (mut short, mut long) = (Sha256::new(), Sha512::new());
    let mut piece = vec![0; PIECE];
    let mut size = 0;
    loop {
        let length = file.read(&mut piece)?;
        if length == 0 {
            break;
        }
        short.update(&piece[..length]);
        long.update(&piece[..length]);
        size += length as u64;
    }
    Ok(Hashed { path, size, sha256: hex(&short.finalize()), sha512: hex(&long.finalize()) })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a text never fails.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_measured_and_hashed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("abc");
        std::fs::write(&path, "abc").unwrap();

        let file = Hashed::read(&path).await.unwrap();

        assert_eq!(file.size, 3);
        assert_eq!(file.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(file.sha512.starts_with("ddaf35a193617aba"));
    }
}
