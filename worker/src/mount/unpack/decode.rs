//! Decompressing as a stream: what is written in safe Rust is done here, the rest by the programs that every machine has, run
//! as the task's user.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek},
    process::{Child, ChildStdout, Command, Stdio},
};

use super::lzip::Lzip;
use crate::isolation::Confinement;
use brotli_decompressor::{BrotliDecoderParameter::BROTLI_DECODER_PARAM_LARGE_WINDOW, Decompressor};
use flate2::{Decompress, FlushDecompress, Status, read::MultiGzDecoder};
use lz4_flex::frame::FrameDecoder;

/// Words of a program that are repeated in an error.
const MAX_MESSAGE_BYTES: u64 = 4096;
const BUFFER_BYTES: usize = 64 * 1024;
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Brotli,
    Lz4,
    Lzip,
    Snappy,
    Zlib,
    By(&'static str),
}

impl Packing {
    pub(super) fn of_format(format: &str) -> Option<Self> {
        Some(match format {
            "br" => Self::Brotli,
            "gz" => Self::Gzip,
            "lz" => Self::Lzip,
            "lz4" => Self::Lz4,
            "sz" => Self::Snappy,
            "zz" => Self::Zlib,
            "bz2" => Self::By("bzip2"),
            "xz" => Self::By("xz"),
            "zst" => Self::By("zstd"),
            _ => return None,
        })
    }

    /// By the first bytes, as `tar` does it: the name of the format is often wrong. Two formats are known by their name only.
    pub(super) fn of_archive(mut file: &File, format: &str) -> io::Result<Self> {
        let mut start = Vec::new();
        file.take(10).read_to_end(&mut start)?;
        file.rewind()?;
        if let Some(known @ (Self::Brotli | Self::Zlib)) = format.strip_prefix("tar.").and_then(Self::of_format) {
            return Ok(known);
        }
        Ok(match start.as_slice() {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [b'B', b'Z', b'h', ..] => Self::By("bzip2"),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::By("xz"),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::By("zstd"),
            [0x04, 0x22, 0x4d, 0x18, ..] => Self::Lz4,
            [b'L', b'Z', b'I', b'P', ..] => Self::Lzip,
            [0xff, 0x06, 0, 0, b's', b'N', b'a', b'P', b'p', b'Y'] => Self::Snappy,
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
        Packing::By(name) => name,
        packing => return Ok(Content::Here(here(packed, packing))),
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

fn here(packed: File, packing: Packing) -> Box<dyn Read + Send> {
    match packing {
        Packing::Gzip => Box::new(MultiGzDecoder::new(packed)),
        Packing::Zlib => {
            Box::new(Zlib { packed: BufReader::new(packed), state: Decompress::new(true), is_over: false })
        }
        Packing::Brotli => Box::new(brotli(packed)),
        Packing::Lz4 => {
            let file = UntilEnd { file: BufReader::new(packed), has_ended: false };
            Box::new(Frames { decoder: FrameDecoder::new(file), is_over: false })
        }
        Packing::Lzip => Box::new(Lzip::new(packed)),
        Packing::Snappy => Box::new(snap::read::FrameDecoder::new(packed)),
        Packing::Plain | Packing::By(_) => Box::new(packed),
    }
}

/// Without the windows of up to a gigabyte, which are no part of the format.
fn brotli(packed: File) -> Decompressor<File> {
    let mut decoder = Decompressor::new(packed, BUFFER_BYTES);
    decoder.set_parameter(BROTLI_DECODER_PARAM_LARGE_WINDOW, 0);
    decoder
}

/// A stream of zlib. The reader of the library takes one that is cut short for a whole one.
struct Zlib {
    packed: BufReader<File>,
    state: Decompress,
    is_over: bool,
}

impl Read for Zlib {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.is_over && !buffer.is_empty() {
            let input = self.packed.fill_buf()?;
            let is_end = input.is_empty();
            let (before_in, before_out) = (self.state.total_in(), self.state.total_out());
            let status = self.state.decompress(input, buffer, FlushDecompress::None).map_err(io::Error::other)?;
            let taken = usize::try_from(self.state.total_in() - before_in).map_err(io::Error::other)?;
            let made = usize::try_from(self.state.total_out() - before_out).map_err(io::Error::other)?;
            self.packed.consume(taken);
            self.is_over = status == Status::StreamEnd;
            if made > 0 {
                return Ok(made);
            }
            if is_end && !self.is_over {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(0)
    }
}

/// All frames of a file, one after the other: the library says after each that it has ended, and also where the file ends in the middle
/// of one.
struct Frames {
    decoder: FrameDecoder<UntilEnd>,
    is_over: bool,
}

/// A file, and whether more than there is was asked of it.
struct UntilEnd {
    file: BufReader<File>,
    has_ended: bool,
}

impl Read for UntilEnd {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.has_ended |= length == 0 && !buffer.is_empty();
        Ok(length)
    }
}

impl Read for Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.is_over {
            let length = self.decoder.read(buffer)?;
            if length > 0 || buffer.is_empty() {
                return Ok(length);
            }
            let packed = self.decoder.get_mut();
            if packed.has_ended {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.is_over = packed.file.fill_buf()?.is_empty();
        }
        Ok(0)
    }
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
