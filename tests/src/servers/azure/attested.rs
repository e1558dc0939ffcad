//! Attested data: a PKCS#7 message without signed attributes, whose certificate an intermediate authority issued.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use base::{Clock, SystemClock};
use base64::prelude::{BASE64_STANDARD, Engine};
use chrono::TimeDelta;
use serde_json::json;

/// A root, an intermediate authority and a certificate of the metadata service.
#[derive(Debug)]
pub(super) struct Authorities(PathBuf);

impl Authorities {
    /// Made with `openssl`. `None`: it is not here.
    pub(super) fn make(folder: &Path) -> Option<Self> {
        Command::new("openssl").arg("version").stdout(Stdio::null()).status().ok()?;
        let folder = folder.join("authorities");
        fs::create_dir(&folder).unwrap();
        let made = Self(folder);
        made.certificate("root", "root", None);
        made.certificate("middle", "middle", Some("root"));
        made.certificate("leaf", "eastus.metadata.azure.com", Some("middle"));
        Some(made)
    }

    pub(super) fn text(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap()
    }

    /// The message about a machine, in base64.
    pub(super) fn attest(&self, vm_id: &str) -> String {
        let time =
            |minutes| (SystemClock.now() + TimeDelta::minutes(minutes)).format("%m/%d/%y %H:%M:%S -0000").to_string();
        let content = json!({
            "nonce": "", "plan": { "name": "", "product": "", "publisher": "" }, "vmId": vm_id, "subscriptionId": "",
            "timeStamp": { "createdOn": time(0), "expiresOn": time(360) },
        });
        let words = "cms -sign -nodetach -binary -noattr -md sha256 -signer leaf.pem -inkey leaf.key -outform DER";
        BASE64_STANDARD.encode(self.run(words, content.to_string().as_bytes()))
    }

    fn certificate(&self, name: &str, common_name: &str, issuer: Option<&str>) {
        self.run(&format!("genrsa -out {name}.key 2048"), b"");
        let is_authority = name != "leaf";
        fs::write(self.0.join("ext"), format!("basicConstraints=critical,CA:{is_authority}")).unwrap();
        self.run(&format!("req -new -key {name}.key -subj /CN={common_name} -out {name}.csr"), b"");
        let by = issuer.map_or(format!("-signkey {name}.key"), |issuer| {
            format!("-CA {issuer}.pem -CAkey {issuer}.key -CAcreateserial")
        });
        self.run(&format!("x509 -req -in {name}.csr {by} -days 2 -sha256 -extfile ext -out {name}.pem"), b"");
    }

    fn run(&self, words: &str, input: &[u8]) -> Vec<u8> {
        let mut command = Command::new("openssl");
        command.args(words.split(' ')).current_dir(&self.0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }
}
