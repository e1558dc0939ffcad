//! A key that signs tokens, as Google and the clusters of Kubernetes have one.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};
use ring::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents},
};
use serde_json::{Value, json};

const KEY_ID: &str = "key-of-the-test";

/// An RSA key with 2048 bits.
#[derive(Debug)]
pub struct SigningKey {
    pair: RsaKeyPair,
    /// In PEM, PKCS#8.
    pub private_key: String,
}

impl SigningKey {
    /// Made with `openssl`. `None`: it is not here.
    pub fn make(folder: &Path, name: &str) -> Option<Self> {
        Command::new("openssl").arg("version").stdout(Stdio::null()).status().ok()?;
        let file: PathBuf = folder.join(format!("{name}.key"));
        let mut command = Command::new("openssl");
        command.args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out"]).arg(&file);
        let made = command.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let private_key = std::fs::read_to_string(&file).unwrap();
        let letters: String = private_key.lines().filter(|line| !line.starts_with('-')).collect();
        let pair = RsaKeyPair::from_pkcs8(&BASE64_STANDARD.decode(letters).unwrap()).unwrap();
        Some(Self { pair, private_key })
    }

    pub fn jwks(&self) -> Value {
        let PublicKeyComponents { n, e } = self.public();
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        json!({ "keys": [{ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": encode(&n), "e": encode(&e) }] })
    }

    /// A token with these claims.
    pub fn token(&self, claims: &Value) -> String {
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": KEY_ID });
        let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    /// The claims of a token that this key signed.
    pub fn claims(&self, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let PublicKeyComponents { n, e } = self.public();
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        let key = RsaPublicKeyComponents { n, e };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).ok()?;
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(signed.split_once('.')?.1).ok()?).ok()
    }

    fn public(&self) -> PublicKeyComponents<Vec<u8>> {
        PublicKeyComponents::from(self.pair.public())
    }
}
