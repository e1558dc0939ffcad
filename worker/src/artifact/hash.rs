//! The size and hashes of a file, taken before it is sent.

use std::{fs::File, io, os::unix::fs::FileExt, sync::Arc};

use bytes::Bytes;
use futures_util::{Stream, stream};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha512};

const PIECE: usize = 64 * 1024;

/// An open file with its hashes. It is never opened again by name, because the name may be that of another file by then.
#[derive(Debug, Clone)]
pub struct Hashed {
    file: Arc<File>,
    pub size: u64,
    pub sha256: String,
    pub(crate) sha512: String,
}

impl Hashed {
    pub(crate) async fn read(file: File) -> io::Result<Self> {
        tokio::task::spawn_blocking(move || read(file)).await?
    }

    /// In the form of the object service.
    pub(crate) fn hashes(&self) -> Value {
        json!({ "sha256": self.sha256, "sha512": self.sha512 })
    }

    /// The content from its beginning, in chunks.
    pub(crate) fn content(&self) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        stream::try_unfold((self.file.clone(), 0), |(file, at)| async move {
            let read = tokio::task::spawn_blocking(move || piece(&file, at).map(|piece| (piece, file)));
            let (piece, file) = read.await.map_err(io::Error::other)??;
            let next = at + piece.len() as u64;
            Ok((!piece.is_empty()).then_some((piece, (file, next))))
        })
    }
}

fn piece(file: &File, at: u64) -> io::Result<Bytes> {
    let mut piece = vec![0; PIECE];
    let length = file.read_at(&mut piece, at)?;
    piece.truncate(length);
    Ok(piece.into())
}

fn read(file: File) -> io::Result<Hashed> {
    let (mut short, mut long) = (Sha256::new(), Sha512::new());
    let mut buffer = vec![0; PIECE];
    let mut size = 0;
    loop {
        let length = file.read_at(&mut buffer, size)?;
        if length == 0 {
            break;
        }
        short.update(&buffer[..length]);
        long.update(&buffer[..length]);
        size += length as u64;
    }
    let (sha256, sha512) = (hex::encode(short.finalize()), hex::encode(long.finalize()));
    Ok(Hashed { file: Arc::new(file), size, sha256, sha512 })
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;

    use super::*;

    #[tokio::test]
    async fn a_file_is_hashed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("abc");
        std::fs::write(&path, "abc").unwrap();

        let file = Hashed::read(File::open(&path).unwrap()).await.unwrap();

        assert_eq!(file.size, 3);
        assert_eq!(file.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(file.sha512.starts_with("ddaf35a193617aba"));
    }

    #[tokio::test]
    async fn the_hashed_content_is_sent_even_if_the_name_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("abc");
        let content = vec![7; PIECE + 1];
        std::fs::write(&path, &content).unwrap();
        let file = Hashed::read(File::open(&path).unwrap()).await.unwrap();

        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();

        for _ in 0..2 {
            let pieces: Vec<Bytes> = file.content().try_collect().await.unwrap();
            assert_eq!(pieces.concat(), content);
        }
    }
}
