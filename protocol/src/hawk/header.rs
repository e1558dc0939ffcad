use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::Mac;

use super::{HawkError, Signed};
use crate::limits::MAX_AUTHORIZATION_HEADER;

const KIND: &str = "hawk.1.header";

/// The `Authorization` header of a signed request, borrowed from its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    pub id: &'a str,
    /// Unix seconds; a text, as the text is signed.
    pub timestamp: &'a str,
    pub nonce: &'a str,
    pub mac: &'a str,
    pub hash: Option<&'a str>,
    pub ext: Option<&'a str>,
}

impl<'a> Header<'a> {
    /// Reads `Hawk id="…", ts="…", nonce="…", mac="…"`, and `hash` and `ext` where given.
    pub fn parse(text: &'a str) -> Result<Self, HawkError> {
        if text.len() > MAX_AUTHORIZATION_HEADER {
            return Err(HawkError::HeaderTooLong);
        }
        let (scheme, mut rest) = text.split_once(' ').unwrap_or((text, ""));
        if !scheme.eq_ignore_ascii_case("hawk") {
            return Err(HawkError::OtherScheme);
        }
        let mut found = Attributes::default();
        while !rest.trim_start().is_empty() {
            let (name, value, after) = next_attribute(rest.trim_start())?;
            found.put(name, value)?;
            rest = after;
        }
        found.complete()
    }

    /// The client's time.
    pub fn seconds(&self) -> Result<i64, HawkError> {
        self.timestamp.parse().map_err(|_| HawkError::BadTimestamp)
    }

    /// Verifies the signature. `method` is upper case, `host` lower case.
    pub fn check(&self, key: &str, method: &str, resource: &str, host: &str, port: u16) -> Result<(), HawkError> {
        self.signed(method, resource, host, port).check(KIND, key, self.mac)
    }

    fn signed(&self, method: &'a str, resource: &'a str, host: &'a str, port: u16) -> Signed<'a> {
        let hash = self.hash.unwrap_or_default();
        let ext = self.ext.unwrap_or_default();
        Signed { timestamp: self.timestamp, nonce: self.nonce, method, resource, host, port, hash, ext }
    }
}

impl Signed<'_> {
    /// The `Authorization` header, for clients.
    pub fn header(&self, id: &str, key: &str) -> String {
        let mac = STANDARD.encode(self.mac(KIND, key).finalize().into_bytes());
        let mut header = format!("Hawk id=\"{id}\", ts=\"{}\", nonce=\"{}\"", self.timestamp, self.nonce);
        for (name, value) in [("hash", self.hash), ("ext", self.ext), ("mac", &mac)] {
            if !value.is_empty() {
                header.extend([", ", name, "=\"", value, "\""]);
            }
        }
        header
    }
}

#[derive(Default)]
struct Attributes<'a> {
    id: Option<&'a str>,
    timestamp: Option<&'a str>,
    nonce: Option<&'a str>,
    mac: Option<&'a str>,
    hash: Option<&'a str>,
    ext: Option<&'a str>,
}

impl<'a> Attributes<'a> {
    fn put(&mut self, name: &str, value: &'a str) -> Result<(), HawkError> {
        let attribute = match name {
            "id" => &mut self.id,
            "ts" => &mut self.timestamp,
            "nonce" => &mut self.nonce,
            "mac" => &mut self.mac,
            "hash" => &mut self.hash,
            "ext" => &mut self.ext,
            _ => return Err(HawkError::UnknownAttribute),
        };
        match attribute.replace(value) {
            None => Ok(()),
            Some(_) => Err(HawkError::DuplicateAttribute),
        }
    }

    fn complete(self) -> Result<Header<'a>, HawkError> {
        let (Some(id), Some(timestamp), Some(nonce), Some(mac)) = (self.id, self.timestamp, self.nonce, self.mac)
        else {
            return Err(HawkError::MissingAttribute);
        };
        Ok(Header { id, timestamp, nonce, mac, hash: self.hash, ext: self.ext })
    }
}

/// Splits `name="value", rest`. Values contain neither quotes nor backslashes.
fn next_attribute(text: &str) -> Result<(&str, &str, &str), HawkError> {
    let (name, rest) = text.split_once("=\"").ok_or(HawkError::BadSyntax)?;
    let (value, rest) = rest.split_once('"').ok_or(HawkError::BadSyntax)?;
    let rest = rest.trim_start();
    let legal = !value.is_empty() && !value.contains('\\');
    match rest.strip_prefix(',') {
        Some(rest) if legal => Ok((name, value, rest)),
        None if legal && rest.is_empty() => Ok((name, value, rest)),
        _ => Err(HawkError::BadSyntax),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "dGVzdC1hY2Nlc3MtdG9rZW4tZm9yLXZlY3RvcnMtMDAwMQ";

    const VECTOR: Signed<'static> = Signed {
        timestamp: "1700000001",
        nonce: "abc123",
        method: "POST",
        resource: "/api/queue/v1/ping?x=1",
        host: "drover.example.com",
        port: 443,
        hash: "8kvcWtk2AI74LYotos1jC/KLa/z5J9YdZozoRBfYDcg=",
        ext: "ZXh0",
    };

    #[test]
    fn the_mac_is_that_of_the_check_vector() {
        let text = VECTOR.header("me", KEY);
        let header = Header::parse(&text).unwrap();
        assert_eq!(header.mac, "I0PdPDjSNpSTOlvdttFUM+r5R/BplAcsPzuNdPC4Nlc=");
        assert_eq!(header.check(KEY, "POST", VECTOR.resource, VECTOR.host, 443), Ok(()));
    }

    #[test]
    fn a_changed_request_has_another_mac() {
        let text = VECTOR.header("me", KEY);
        let header = Header::parse(&text).unwrap();
        let changed = [
            header.check("other", "POST", VECTOR.resource, VECTOR.host, 443),
            header.check(KEY, "PUT", VECTOR.resource, VECTOR.host, 443),
            header.check(KEY, "POST", "/api/queue/v1/ping", VECTOR.host, 443),
            header.check(KEY, "POST", VECTOR.resource, "example.com", 443),
            header.check(KEY, "POST", VECTOR.resource, VECTOR.host, 80),
            Header { hash: None, ..header }.check(KEY, "POST", VECTOR.resource, VECTOR.host, 443),
        ];
        assert!(changed.iter().all(|result| *result == Err(HawkError::BadMac)));
    }

    #[test]
    fn headers_that_are_not_hawk_are_named_for_what_they_are() {
        let long = format!("Hawk id=\"{}\"", "x".repeat(MAX_AUTHORIZATION_HEADER));
        let cases = [
            ("Bearer abc", HawkError::OtherScheme),
            ("Basic dXNlcjpwYXNz", HawkError::OtherScheme),
            ("Hawk", HawkError::MissingAttribute),
            ("Hawk id=\"x\"", HawkError::MissingAttribute),
            ("Hawk id=x", HawkError::BadSyntax),
            ("Hawk id=\"x\" ts=\"1\"", HawkError::BadSyntax),
            ("Hawk id=\"\"", HawkError::BadSyntax),
            ("Hawk id=\"x\", id=\"x\"", HawkError::DuplicateAttribute),
            ("Hawk id=\"x\", app=\"x\"", HawkError::UnknownAttribute),
            (&long, HawkError::HeaderTooLong),
        ];
        for (text, error) in cases {
            assert_eq!(Header::parse(text), Err(error), "{}", &text[..text.len().min(60)]);
        }
    }
}
