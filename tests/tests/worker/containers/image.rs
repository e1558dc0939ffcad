//! Images made here: no registry of the outside is needed.

use std::process::Command;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

/// Layers, and what the image says of its programs.
pub(crate) struct ImageParts {
    pub(crate) layers: Vec<Vec<u8>>,
    pub(crate) config: Value,
    pub(crate) architecture: &'static str,
}

/// What is in a layer: a path, its owner, its mode, and what it is.
pub(crate) enum Entry<'a> {
    Directory(u64, u32),
    File(u64, u32, &'a [u8]),
    Link(&'a str),
    Device,
    Pipe,
}

pub(crate) fn layer(entries: &[(&str, Entry<'_>)]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (path, entry) in entries {
        let mut header = Header::new_gnu();
        let mut own = |kind: EntryType, owner: u64, mode: u32| {
            header.set_entry_type(kind);
            header.set_uid(owner);
            header.set_gid(owner);
            header.set_mode(mode);
        };
        let content: &[u8] = match entry {
            Entry::Directory(owner, mode) => {
                own(EntryType::Directory, *owner, *mode);
                b""
            }
            Entry::File(owner, mode, content) => {
                own(EntryType::Regular, *owner, *mode);
                content
            }
            Entry::Link(target) => {
                own(EntryType::Symlink, 0, 0o777);
                header.set_size(0);
                builder.append_link(&mut header, path, target).unwrap();
                continue;
            }
            Entry::Device => {
                own(EntryType::Block, 0, 0o666);
                header.set_device_major(254).unwrap();
                header.set_device_minor(0).unwrap();
                b""
            }
            Entry::Pipe => {
                own(EntryType::Fifo, 0, 0o666);
                b""
            }
        };
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, path, content).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A small system: busybox, a user `worker` and a home.
pub(crate) fn base_layer() -> Vec<u8> {
    let busybox = std::fs::read("/bin/busybox").unwrap();
    let names = Command::new("/bin/busybox").arg("--list").output().unwrap();
    let names = String::from_utf8(names.stdout).unwrap();
    let names: Vec<String> =
        names.lines().filter(|name| *name != "busybox").map(|name| format!("bin/{name}")).collect();
    let mut entries = vec![
        ("bin", Entry::Directory(0, 0o755)),
        ("bin/busybox", Entry::File(0, 0o755, &busybox)),
        ("etc", Entry::Directory(0, 0o755)),
        (
            "etc/passwd",
            Entry::File(0, 0o644, b"root:x:0:0::/root:/bin/sh\nworker:x:1000:1000::/builds/worker:/bin/sh\n"),
        ),
        ("etc/group", Entry::File(0, 0o644, b"root:x:0:\nworker:x:1000:\n")),
        ("root", Entry::Directory(0, 0o700)),
        ("tmp", Entry::Directory(0, 0o1777)),
        ("builds", Entry::Directory(0, 0o755)),
        ("builds/worker", Entry::Directory(1000, 0o755)),
        ("builds/worker/note", Entry::File(1000, 0o644, b"of the image\n")),
    ];
    entries.extend(names.iter().map(|name| (name.as_str(), Entry::Link("busybox"))));
    layer(&entries)
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

impl ImageParts {
    pub(crate) fn new(layers: Vec<Vec<u8>>, config: Value) -> Self {
        Self { layers, config, architecture: "amd64" }
    }

    /// With the programs of busybox.
    pub(crate) fn small(config: Value) -> Self {
        Self::new(vec![base_layer()], config)
    }

    fn config_file(&self) -> Vec<u8> {
        let hashes: Vec<String> = self.layers.iter().map(|layer| format!("sha256:{}", sha256(layer))).collect();
        let config = json!({
            "architecture": self.architecture, "os": "linux", "config": self.config,
            "rootfs": { "type": "layers", "diff_ids": hashes }, "history": [],
        });
        config.to_string().into_bytes()
    }

    /// As `docker save` writes it.
    pub(crate) fn docker_archive(&self, tag: Option<&str>) -> Vec<u8> {
        self.docker_archive_of(tag, &self.layers)
    }

    /// The same with the layers as they are here: these are packed, the others are what comes out.
    pub(crate) fn docker_archive_of(&self, tag: Option<&str>, layers: &[Vec<u8>]) -> Vec<u8> {
        let config = self.config_file();
        let config_name = format!("{}.json", sha256(&config));
        let names: Vec<String> = self.layers.iter().map(|layer| format!("{}/layer.tar", sha256(layer))).collect();
        let tags = tag.map(|tag| vec![tag]);
        let manifest = json!([{ "Config": config_name, "RepoTags": tags, "Layers": names }]).to_string();
        let mut entries = vec![
            (config_name.as_str(), Entry::File(0, 0o644, &config)),
            ("manifest.json", Entry::File(0, 0o644, manifest.as_bytes())),
        ];
        entries.extend(names.iter().zip(layers).map(|(name, it)| (name.as_str(), Entry::File(0, 0o644, it))));
        layer(&entries)
    }

    /// The manifest, and everything that it names, by digest.
    pub(crate) fn blobs(&self) -> (Vec<u8>, Vec<(String, Vec<u8>)>) {
        let config = self.config_file();
        let described = |kind: &str, bytes: &[u8]| {
            json!({ "mediaType": format!("application/vnd.oci.image.{kind}"), "size": bytes.len(),
                    "digest": format!("sha256:{}", sha256(bytes)) })
        };
        let layers: Vec<Value> = self.layers.iter().map(|layer| described("layer.v1.tar", layer)).collect();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": described("config.v1+json", &config), "layers": layers,
        });
        let all = self.layers.iter().cloned().chain([config]);
        let blobs = all.map(|bytes| (format!("sha256:{}", sha256(&bytes)), bytes));
        (manifest.to_string().into_bytes(), blobs.collect())
    }

    /// In the format of the Open Container Initiative.
    pub(crate) fn oci_archive(&self) -> Vec<u8> {
        let (manifest, mut blobs) = self.blobs();
        let digest = format!("sha256:{}", sha256(&manifest));
        let index = json!({ "schemaVersion": 2, "manifests": [{
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": manifest.len(), "digest": digest,
        }] });
        let index = index.to_string();
        blobs.push((digest, manifest));
        let names: Vec<String> =
            blobs.iter().map(|(digest, _)| format!("blobs/{}", digest.replace(':', "/"))).collect();
        let mut entries = vec![
            ("oci-layout", Entry::File(0, 0o644, br#"{"imageLayoutVersion":"1.0.0"}"#)),
            ("index.json", Entry::File(0, 0o644, index.as_bytes())),
        ];
        entries.extend(names.iter().zip(&blobs).map(|(name, (_, it))| (name.as_str(), Entry::File(0, 0o644, it))));
        layer(&entries)
    }
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", sha256(bytes))
}
