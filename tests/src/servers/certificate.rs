//! A certificate for 127.0.0.1 and the authority that signed it, made for one test.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Files in PEM.
#[derive(Debug)]
pub struct Certificate {
    pub authority: PathBuf,
    pub certificate: PathBuf,
    pub key: PathBuf,
}

const NAMES: &str = "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n";

impl Certificate {
    /// Made with `openssl`. `None`: it is not here.
    pub fn make(folder: &Path) -> Option<Self> {
        Command::new("openssl").arg("version").stdout(Stdio::null()).status().ok()?;
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("names"), NAMES).unwrap();
        let run = |line: &str| {
            let output = Command::new("openssl").args(line.split(' ')).current_dir(folder).output().unwrap();
            assert!(output.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&output.stderr));
        };
        run("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=drover-test-authority -keyout ca.key -out ca.pem");
        run("req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr");
        run("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem");
        let file = |name: &str| folder.join(name);
        Some(Self { authority: file("ca.pem"), certificate: file("server.pem"), key: file("server.key") })
    }
}
