//! Keys, signatures and certificates of the program `openssl`.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// A folder with keys and certificates.
pub(super) struct Openssl(TempDir);

impl Openssl {
    pub(super) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs it with words that are separated by blanks, in the folder; the output.
    pub(super) fn run(&self, words: &str, input: &[u8]) -> Vec<u8> {
        run(self.0.path(), words, input)
    }

    /// A private key `<name>.key`.
    pub(super) fn key(&self, name: &str, bits: u32) {
        self.run(&format!("genrsa -out {name}.key {bits}"), b"");
    }

    pub(super) fn sign(&self, name: &str, message: &[u8]) -> Vec<u8> {
        self.run(&format!("dgst -sha256 -sign {name}.key -binary"), message)
    }

    /// A certificate `<name>.pem` of a key of its own: self-signed, or issued by another one.
    pub(super) fn certificate(&self, name: &str, common_name: &str, issuer: Option<&str>, ca: bool) {
        self.key(name, 2048);
        let ca = if ca { "TRUE" } else { "FALSE" };
        std::fs::write(self.path("ext"), format!("basicConstraints=critical,CA:{ca}")).unwrap();
        self.run(&format!("req -new -key {name}.key -subj /CN={common_name} -out {name}.csr"), b"");
        let by = issuer.map_or(format!("-signkey {name}.key"), |issuer| {
            format!("-CA {issuer}.pem -CAkey {issuer}.key -CAcreateserial")
        });
        self.run(&format!("x509 -req -in {name}.csr {by} -days 2 -sha256 -extfile ext -out {name}.pem"), b"");
    }
}

fn run(folder: &Path, words: &str, input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("openssl");
    command.args(words.split(' ')).current_dir(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
