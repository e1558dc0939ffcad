//! Decompressing as a stream: gzip here, the rest by the programs that every machine has, run as the task's user.

use std::{
    fs::File,
    io::{self, Read, Seek},
    process::{Child, ChildStdout, Command, Stdio},
};

use flate2::read::MultiGzDecoder;

use crate::isolation::Confinement;

/// Words of a program that are repeated in an error.
const MAX_MESSAGE_BYTES: u64 = 4096;
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    By(&'static str),
}

impl Packing {
    pub(super) fn of_format(format: &str) -> Option<Self> {
        Some(match format {
            "gz" => Self::Gzip,
            "bz2" => Self::By("bzip2"),
            "xz" => Self::By("xz"),
            "zst" => Self::By("zstd"),
            _ => return None,
        })
    }

    /// By the first bytes, as `tar` does it: the name of the format is often wrong.
    pub(super) fn of_content(mut file: &File) -> io::Result<Self> {
        let mut start = Vec::new();
        file.take(6).read_to_end(&mut start)?;
        file.rewind()?;
        Ok(match start.as_slice() {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [b'B', b'Z', b'h', ..] => Self::By("bzip2"),
            [0xfd, b'7', b'z', b'X', b'Z', 0] => Self::By("xz"),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::By("zstd"),
            _ => Self::Plain,
        })
    }
}

/// The decompressed content.
pub(super) enum Content {
    Here(Box<dyn Read + Send>),
    Program { name: &'static str, child: Child, output: ChildStdout },
}

pub(super) fn open(packed: File, packing: Packing, confinement: &Confinement) -> io::Result<Content> {
    let name = match packing {
        Packing::Plain => return Ok(Content::Here(Box::new(packed))),
        Packing::Gzip => return Ok(Content::Here(Box::new(MultiGzDecoder::new(packed)))),
        Packing::By(name) => name,
    };
    let mut command = Command::new(name);
    command.arg("-dc").env_clear().env("PATH", PATH).current_dir("/");
    command.stdin(packed).stdout(Stdio::piped()).stderr(Stdio::piped());
    confinement.apply(&mut command)?;
    let failed = |error| io::Error::other(format!("{name}: {error}"));
    let mut child = command.spawn().map_err(failed)?;
    let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    Ok(Content::Program { name, child, output })
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Here(content) => content.read(buffer),
            Self::Program { output, .. } => output.read(buffer),
        }
    }
}

impl Content {
    /// Takes what follows the part that was used, and says whether the program ended well.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let Self::Program { name, child, output } = self else { return Ok(()) };
        io::copy(output, &mut io::sink())?;
        let mut words = String::new();
        if let Some(errors) = child.stderr.take() {
            errors.take(MAX_MESSAGE_BYTES).read_to_string(&mut words)?;
        }
        let status = child.wait()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("{name}: {}", words.trim()))) }
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        if let Self::Program { child, .. } = self {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
