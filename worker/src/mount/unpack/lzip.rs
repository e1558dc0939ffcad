//! lzip, member after member. Each says in its header how much memory it takes, so headers are read here, before the decoder
//! gets the memory.

use std::{
    fs::File,
    io::{self, BufReader, Read},
};

use flate2::Crc;
use lzma_rust2::LzmaReader;

const MAX_DICTIONARY: u32 = 64 << 20;
const MAGIC: [u8; 5] = *b"LZIP\x01";
const HEADER: usize = 6;
const TRAILER: usize = 20;
/// The format fixes what other formats of this family choose.
const LITERAL_CONTEXT: u32 = 3;
const LITERAL_POSITION: u32 = 0;
const POSITION: u32 = 2;

/// The decompressed content.
pub(super) struct Lzip {
    /// Between members; the decoder has it within one. After an error nobody has it.
    source: Option<Source>,
    member: Option<LzmaReader<Source>>,
    sum: Crc,
    length: u64,
}

/// A file, with what a decoder took too much of it.
struct Source {
    file: BufReader<File>,
    returned: io::Cursor<Vec<u8>>,
    /// Bytes of this member that were read.
    count: u64,
}

impl Lzip {
    pub(super) fn new(file: File) -> Self {
        let source = Source { file: BufReader::new(file), returned: io::Cursor::default(), count: 0 };
        Self { source: Some(source), member: None, sum: Crc::new(), length: 0 }
    }

    /// Answers whether there is one.
    fn begin_member(&mut self) -> io::Result<bool> {
        let mut source = self.source.take().ok_or(io::ErrorKind::InvalidData)?;
        source.count = 0;
        let mut header = Vec::new();
        source.by_ref().take(HEADER as u64).read_to_end(&mut header)?;
        if header.is_empty() {
            self.source = Some(source);
            return Ok(false);
        }
        let dictionary = dictionary(&header)?;
        let literal = (LITERAL_CONTEXT, LITERAL_POSITION);
        self.member = Some(LzmaReader::new(source, u64::MAX, literal.0, literal.1, POSITION, dictionary, None)?);
        (self.sum, self.length) = (Crc::new(), 0);
        Ok(true)
    }

    /// Sum and lengths follow what they are of.
    fn end_member(&mut self) -> io::Result<()> {
        let Some(member) = self.member.take() else { return Ok(()) };
        let (mut source, unused) = member.into_parts();
        source.give_back(unused)?;
        let mut trailer = [0; TRAILER];
        source.read_exact(&mut trailer)?;
        let [sum, content, member] = [&trailer[..4], &trailer[4..12], &trailer[12..]].map(number);
        if (sum, content, member) != (self.sum.sum().into(), self.length, source.count) {
            return Err(damaged("sum or length of a member of lzip is not what its end says"));
        }
        self.source = Some(source);
        Ok(())
    }
}

impl Read for Lzip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(member) = &mut self.member {
                let length = member.read(buffer)?;
                if length > 0 {
                    self.sum.update(&buffer[..length]);
                    self.length += length as u64;
                    return Ok(length);
                }
                self.end_member()?;
            }
            if !self.begin_member()? {
                return Ok(0);
            }
        }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = match self.returned.read(buffer)? {
            0 => self.file.read(buffer)?,
            length => length,
        };
        self.count += length as u64;
        Ok(length)
    }
}

impl Source {
    fn give_back(&mut self, mut bytes: Vec<u8>) -> io::Result<()> {
        self.count -= bytes.len() as u64;
        self.returned.read_to_end(&mut bytes)?;
        self.returned = io::Cursor::new(bytes);
        Ok(())
    }
}

/// How much memory the header of a member asks for: a power of two, less some sixteenths of it.
fn dictionary(header: &[u8]) -> io::Result<u32> {
    let Some(coded) = header.strip_prefix(&MAGIC).and_then(<[u8]>::first) else {
        return Err(damaged("no member of lzip begins here"));
    };
    let (power, sixteenths) = (u32::from(coded & 0x1f), u32::from(coded >> 5));
    let size = (12..=29).contains(&power).then(|| (1 << power) - (1 << (power - 4)) * sixteenths);
    let size: u32 = size.ok_or_else(|| damaged("the header of a member of lzip is damaged"))?;
    if size > MAX_DICTIONARY {
        let words = format!(
            "a member of lzip takes {} MiB of memory, more than the {} MiB of this worker: pack it with a smaller dictionary, such as that of `lzip -9`",
            size >> 20,
            MAX_DICTIONARY >> 20
        );
        return Err(io::Error::new(io::ErrorKind::OutOfMemory, words));
    }
    Ok(size)
}

/// The lowest byte comes first.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn damaged(words: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, words)
}
