//! Archives as they are, and as somebody would make them who wants out.

use std::{
    fs,
    io::{Seek, Write},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
};

use ::tar::{Builder, EntryType, Header};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};

use super::*;

const PLENTY: UnpackLimit = UnpackLimit { bytes: 1 << 20, entries: 100 };

struct Fixture {
    directory: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("task")).unwrap();
        Self { directory }
    }

    fn task(&self) -> PathBuf {
        self.directory.path().join("task")
    }

    fn stored(&self, bytes: &[u8]) -> File {
        let path = self.directory.path().join("archive");
        fs::write(&path, bytes).unwrap();
        File::open(path).unwrap()
    }

    async fn unpack(&self, bytes: &[u8], format: &str, limit: UnpackLimit) -> Result<Vec<String>, String> {
        let into = Directory::open(&self.task(), None).unwrap();
        archive(self.stored(bytes), format, into, limit, &Confinement::default()).await
    }

    /// As `unpack`, of one entry.
    async fn entry(&self, kind: EntryType, name: &str, target: &str, content: &[u8]) -> Result<Vec<String>, String> {
        let mut builder = Builder::new(Vec::new());
        append(&mut builder, kind, name, target, content);
        self.unpack(&builder.into_inner().unwrap(), "tar", PLENTY).await
    }
}

/// With names as they are given, which the library itself would refuse to write.
fn append(builder: &mut Builder<Vec<u8>>, kind: EntryType, name: &str, target: &str, content: &[u8]) {
    let mut header = Header::new_gnu();
    let old = header.as_old_mut();
    old.name[..name.len()].copy_from_slice(name.as_bytes());
    old.linkname[..target.len()].copy_from_slice(target.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o6755);
    header.set_mtime(1_000_000_000);
    header.set_size(content.len() as u64);
    header.set_cksum();
    builder.append(&header, content).unwrap();
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn files_directories_and_links_inside_come_out_without_the_setuid_bit() {
    let fixture = Fixture::new();
    let mut builder = Builder::new(Vec::new());
    append(&mut builder, EntryType::Directory, "./d/", "", b"");
    append(&mut builder, EntryType::Regular, "d/file", "", b"content");
    append(&mut builder, EntryType::Symlink, "d/link", "../d/file", b"");
    append(&mut builder, EntryType::Link, "second", "d/file", b"");
    let packed = gzip(&builder.into_inner().unwrap());

    let notes = fixture.unpack(&packed, "tar", PLENTY).await.unwrap();

    assert!(notes.is_empty(), "{notes:?}");
    assert_eq!(fs::read(fixture.task().join("d/link")).unwrap(), b"content");
    let metadata = fs::metadata(fixture.task().join("second")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o7777, 0o755);
    assert_eq!(metadata.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs(), 1_000_000_000);
}

#[tokio::test]
async fn entries_that_lead_out_are_refused() {
    let fixture = Fixture::new();
    for name in ["/tmp/drover-out", "../out", "d/../../out"] {
        let refused = fixture.entry(EntryType::Regular, name, "", b"x").await.unwrap_err();
        assert!(refused.contains(name), "{refused}");
    }
    let refused = fixture.entry(EntryType::Link, "inside", "../archive", b"").await.unwrap_err();
    assert!(refused.contains("contains `..`"), "{refused}");
    assert!(!fixture.directory.path().join("out").exists());
}

#[tokio::test]
async fn nothing_is_written_through_a_link() {
    let fixture = Fixture::new();
    std::os::unix::fs::symlink(fixture.directory.path(), fixture.task().join("way")).unwrap();
    let refused = fixture.entry(EntryType::Regular, "way/out", "", b"x").await.unwrap_err();
    assert!(refused.contains("is not a directory"), "{refused}");
    fixture.entry(EntryType::Regular, "way", "", b"x").await.unwrap();
    assert_eq!(fs::read(fixture.task().join("way")).unwrap(), b"x", "a link is replaced, not followed");
}

#[tokio::test]
async fn links_out_and_devices_are_left_out() {
    let fixture = Fixture::new();
    for (kind, target) in [(EntryType::Symlink, "/etc"), (EntryType::Symlink, "d/../.."), (EntryType::Char, "")] {
        let notes = fixture.entry(kind, "entry", target, b"").await.unwrap();
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(fixture.task().join("entry").symlink_metadata().is_err());
    }
}

#[tokio::test]
async fn limits_of_bytes_entries_and_headers_hold() {
    let fixture = Fixture::new();
    let mut builder = Builder::new(Vec::new());
    append(&mut builder, EntryType::Regular, "large", "", &vec![0; 2 << 20]);
    let refused = fixture.unpack(&gzip(&builder.into_inner().unwrap()), "tar", PLENTY).await.unwrap_err();
    assert!(refused.contains("more than 1048576 bytes"), "{refused}");

    let mut builder = Builder::new(Vec::new());
    for number in 0..101 {
        append(&mut builder, EntryType::Directory, &format!("d{number}"), "", b"");
    }
    let refused = fixture.unpack(&builder.into_inner().unwrap(), "tar", PLENTY).await.unwrap_err();
    assert!(refused.contains("more than 100 entries"), "{refused}");

    let refused = fixture.entry(EntryType::XHeader, "name", "", &vec![b'0'; 8 << 20]).await.unwrap_err();
    assert!(refused.contains("headers"), "{refused}");
}

#[tokio::test]
async fn a_packed_file_is_limited_and_a_broken_one_is_told_of() {
    let fixture = Fixture::new();
    let into = || Directory::open(&fixture.task(), None).unwrap();
    let free = Confinement::default();
    let packed = fixture.stored(&gzip(&vec![0; 2 << 20]));
    let refused = file(packed, "gz", into(), Path::new("plain"), PLENTY, &free).await.unwrap_err();
    assert!(refused.contains("1048576"), "{refused}");
    let refused = file(fixture.stored(b"no xz"), "xz", into(), Path::new("plain"), PLENTY, &free).await.unwrap_err();
    assert!(refused.starts_with("xz: "), "{refused}");
}

#[tokio::test]
async fn a_zip_cannot_lead_out_either() {
    let fixture = Fixture::new();
    let pack = |name: &str| {
        let mut writer = ::zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        writer.start_file(name, ::zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(b"content").unwrap();
        writer.finish().unwrap().into_inner()
    };
    fixture.unpack(&pack("d/file"), "zip", PLENTY).await.unwrap();
    assert_eq!(fs::read(fixture.task().join("d/file")).unwrap(), b"content");
    let refused = fixture.unpack(&pack("../out"), "zip", PLENTY).await.unwrap_err();
    assert!(refused.contains("contains `..`"), "{refused}");
}

/// `content of a file\n` a hundred times, packed by the libraries and programs of each format. That of lz4 has two frames.
const FILES: [(&str, &str); 5] = [
    ("br", "GwcH+I2Ubt5EDRJmliYVytiqENsqhIqsP6zSBw=="),
    ("lz", "TFpJUAEMADGbyhna7aTyu3xb4cCb/6PoDUyYgPpFozWFC0GGVKvo8j3//4QLAACM5sL/CAcAAAAAAABDAAAAAAAAAA=="),
    (
        "lz4",
        "BCJNGFRAriAAAAD/A2NvbnRlbnQgb2YgYSBmaWxlChIA////XVBmaWxlCqZHuswAAAAAGIyK8AQiTRhUQK4gAAAA/wNjb250ZW50\
        IG9mIGEgZmlsZQoSAP///11QZmlsZQqmR7rMAAAAABiMivA=",
    ),
    (
        "sz",
        "/wYAAHNOYVBwWQBtAADht6e3iA5EY29udGVudCBvZiBhIGZpbGUK/hIA/hIA/hIA/hIA/hIA/hIA/hIA/hIA/hIA/hIA/hIA/hIA\
        /hIA/hIA/hIA/hIA/hIA/hIA/hIA/hIA/hIA/hIA/hIA/hIA/hIA/hIA/hIA1hIA",
    ),
    ("zz", "eJxLzs8rSc0rUchPU0hUSMvMSeVKHhUZFRkVGRUZFRkVGTEiAAQCbys="),
];

/// A tar with `d/file`, of `content\n`. That of snappy is packed here, since it hardly shrinks.
const ARCHIVES: [(&str, &str); 4] = [
    ("tar.br", "G/8nYI/EOCbypoi3GgaErC7iiT0/I4JOjn/+EgpEkzClhDFLIJHAQ3ZN6LJgXa3qzmXw20UYvYN5/TMtlB/GwYC4f7yxHQAA"),
    (
        "tar.lz",
        "TFpJUAHOADILyMbUDKmGEX3z8uV32a4UKyfzU58dFAhxK5hri+MSEe3T8Q60FbzTaJbjlYFjErbhCsQKXo3JV0DoTki6GhP9pAou\
        bgnF4kN82q7pBOouj21NiOeEN+g00kCRmFBkUhFP/+t3GADdQgNhACgAAAAAAACCAAAAAAAAAA==",
    ),
    (
        "tar.lz4",
        "BCJNGFRArnUAAAB/ZC9maWxlAAEASpIwMDAwNjQ0ADABAAwIADcwMDEMAAEYAI83MDIxACAwAAEAUJ91c3RhcgAwMAABAOOfY29u\
        dGVudAoAAQD//////////////////////////////////////////////////wVQAAAAAABtuR1VAAAAACoLzE4=",
    ),
    (
        "tar.zz",
        "eNrtzUEKglAUBdA3bhXtoGdIrifMQBCF+u7fj6NoXhCdM7mXO7m3032chviorC5tu2f1npnNS9/3Ls9NHDO+YH2W66Nexn/ql7kM\
        czkEAAAAAAAAAAAAP2UD1mARYQ==",
    ),
];

fn decoded(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

impl Fixture {
    async fn unpack_file(&self, bytes: &[u8], format: &str, limit: UnpackLimit) -> Result<Vec<u8>, String> {
        let into = Directory::open(&self.task(), None).unwrap();
        file(self.stored(bytes), format, into, Path::new("out"), limit, &Confinement::default()).await?;
        Ok(fs::read(self.task().join("out")).unwrap())
    }
}

#[tokio::test]
async fn files_of_every_packing_come_out_whole_or_not_at_all() {
    for (format, packed) in FILES {
        let fixture = Fixture::new();
        let packed = decoded(packed);
        let content = fixture.unpack_file(&packed, format, PLENTY).await.unwrap();
        assert_eq!(content, b"content of a file\n".repeat(100), "{format}");
        let few = UnpackLimit { bytes: 1000, entries: 1 };
        let refused = Fixture::new().unpack_file(&packed, format, few).await.unwrap_err();
        assert!(refused.contains("more than 1000 bytes"), "{format}: {refused}");
        let cut = &packed[..packed.len() - 9];
        assert!(Fixture::new().unpack_file(cut, format, PLENTY).await.is_err(), "{format}: cut short");
        assert!(Fixture::new().unpack_file(b"something else", format, PLENTY).await.is_err(), "{format}: nonsense");
    }
}

/// The first byte after the version asks for the memory: two to the power of its lower five bits.
#[tokio::test]
async fn a_member_of_lzip_that_asks_for_much_memory_is_refused_wherever_it_stands() {
    let (_, packed) = FILES.iter().find(|(format, _)| *format == "lz").unwrap();
    let packed = decoded(packed);
    let asking = |power: u8| [&packed[..5], &[power], &packed[6..]].concat();
    let twice = Fixture::new().unpack_file(&asking(26).repeat(2), "lz", PLENTY).await.unwrap();
    assert_eq!(twice, b"content of a file\n".repeat(200));
    for (first, second) in [(27, 12), (29, 12), (12, 29)] {
        let bytes = [asking(first), asking(second)].concat();
        let refused = Fixture::new().unpack_file(&bytes, "lz", PLENTY).await.unwrap_err();
        assert!(refused.contains("more than the 64 MiB of this worker"), "{first} {second}: {refused}");
    }
    let followed = [asking(12), b"something else".to_vec()].concat();
    assert!(Fixture::new().unpack_file(&followed, "lz", PLENTY).await.is_err());
}

#[tokio::test]
async fn a_file_of_lz4_that_is_cut_anywhere_in_its_end_is_not_whole() {
    let (_, packed) = FILES.iter().find(|(format, _)| *format == "lz4").unwrap();
    let packed = decoded(packed);
    for cut in 1..=20 {
        let fixture = Fixture::new();
        let short = &packed[..packed.len() - cut];
        assert!(fixture.unpack_file(short, "lz4", PLENTY).await.is_err(), "{cut} bytes short");
    }
}

#[tokio::test]
async fn archives_of_every_packing_are_unpacked() {
    let mut packed: Vec<_> = ARCHIVES.iter().map(|(format, text)| (*format, decoded(text))).collect();
    let mut builder = Builder::new(Vec::new());
    append(&mut builder, EntryType::Regular, "d/file", "", b"content\n");
    let mut snappy = snap::write::FrameEncoder::new(Vec::new());
    snappy.write_all(&builder.into_inner().unwrap()).unwrap();
    packed.push(("tar.sz", snappy.into_inner().unwrap()));
    let mut builder = Builder::new(Vec::new());
    append(&mut builder, EntryType::Regular, "d/file", "", b"content\n");
    let plain = Fixture::new().stored(&builder.into_inner().unwrap());
    for (format, program) in [("tar.bz2", "bzip2"), ("tar.xz", "xz"), ("tar.zst", "zstd")] {
        let input = plain.try_clone().unwrap();
        (&input).rewind().unwrap();
        let output = std::process::Command::new(program).arg("-c").stdin(input).output().unwrap();
        packed.push((format, output.stdout));
    }
    for (format, bytes) in packed {
        let fixture = Fixture::new();
        fixture.unpack(&bytes, format, PLENTY).await.unwrap_or_else(|error| panic!("{format}: {error}"));
        assert_eq!(fs::read(fixture.task().join("d/file")).unwrap(), b"content\n", "{format}");
    }
}
