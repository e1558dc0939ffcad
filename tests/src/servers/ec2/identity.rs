//! Identity documents, signed with a key of the test instead of Amazon's.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::json;

/// What signs the documents of all instances of a test.
#[derive(Debug)]
pub struct IdentityKey {
    key: PathBuf,
    /// The public key in PEM, for `identity_keys` of the provider.
    pub public_key: String,
}

/// What moto knows of an instance.
#[derive(Debug, Clone, Default)]
pub struct InstanceFacts {
    pub instance_id: String,
    pub account_id: String,
    pub region: String,
    pub availability_zone: String,
    pub architecture: String,
    pub image_id: String,
    pub instance_type: String,
    pub private_ip: String,
}

impl IdentityKey {
    /// Made with `openssl`, with as few bits as Amazon's own. `None`: it is not here.
    pub fn make(folder: &Path) -> Option<Self> {
        Command::new("openssl").arg("version").stdout(Stdio::null()).status().ok()?;
        let key = folder.join("identity.key");
        let made = Command::new("openssl").args(["genrsa", "-out"]).arg(&key).arg("1024").output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let public = Command::new("openssl").args(["rsa", "-pubout", "-in"]).arg(&key).output().unwrap();
        Some(Self { key, public_key: String::from_utf8(public.stdout).unwrap() })
    }

    /// The document and its signature, as the metadata server of the instance has them.
    pub fn sign(&self, facts: &InstanceFacts) -> (String, String) {
        let document = json!({
            "accountId": facts.account_id,
            "architecture": facts.architecture,
            "availabilityZone": facts.availability_zone,
            "billingProducts": null,
            "devpayProductCodes": null,
            "marketplaceProductCodes": null,
            "imageId": facts.image_id,
            "instanceId": facts.instance_id,
            "instanceType": facts.instance_type,
            "kernelId": null,
            "pendingTime": "2026-11-27T12:00:00Z",
            "privateIp": facts.private_ip,
            "ramdiskId": null,
            "region": facts.region,
            "version": "2017-09-30",
        });
        let document = serde_json::to_string_pretty(&document).unwrap();
        let signature = BASE64_STANDARD.encode(self.sign_bytes(document.as_bytes()));
        // Amazon breaks the lines.
        let lines: Vec<&str> = signature.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        (document, lines.join("\n"))
    }

    fn sign_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut command = Command::new("openssl");
        command.args(["dgst", "-sha256", "-sign"]).arg(&self.key).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        child.wait_with_output().unwrap().stdout
    }
}
