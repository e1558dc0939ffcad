use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::Mac;

use super::{HawkError, Signed};
use crate::limits::MAX_AUTHORIZATION_HEADER;

const KIND: &str = "hawk.1.bewit";

/// The signature inside a signed URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bewit {
    fields: String,
    ends: [usize; 3],
}

/// Splits path and query of a signed URL into what was signed and the `bewit` parameter, which may be anywhere in the
/// query. `None`: the URL is not signed.
pub fn take_bewit(resource: &str) -> Option<(String, &str)> {
    let query = resource.find('?')? + 1;
    let mut at = query;
    for parameter in resource[query..].split('&') {
        if let Some(bewit) = parameter.strip_prefix("bewit=") {
            let before = &resource[..at - 1];
            let after = resource[at + parameter.len()..].strip_prefix('&').filter(|rest| !rest.is_empty());
            let separator = &resource[at - 1..at];
            return Some((after.map_or_else(|| before.to_owned(), |after| [before, separator, after].concat()), bewit));
        }
        at += parameter.len() + 1;
    }
    None
}

impl Bewit {
    pub fn parse(text: &str) -> Result<Self, HawkError> {
        if text.len() > MAX_AUTHORIZATION_HEADER {
            return Err(HawkError::UrlTooLong);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| HawkError::BadBewit)?;
        let fields = String::from_utf8(bytes).map_err(|_| HawkError::BadBewit)?;
        let mut ends = fields.match_indices('\\').map(|(at, _)| at);
        let (Some(id), Some(expiry), Some(mac), None) = (ends.next(), ends.next(), ends.next(), ends.next()) else {
            return Err(HawkError::BadBewit);
        };
        Ok(Self { ends: [id, expiry, mac], fields })
    }

    pub fn id(&self) -> &str {
        &self.fields[..self.ends[0]]
    }

    pub fn ext(&self) -> &str {
        &self.fields[self.ends[2] + 1..]
    }

    /// Unix seconds at which the URL expires.
    pub fn expiry(&self) -> Result<i64, HawkError> {
        self.expiry_text().parse().map_err(|_| HawkError::BadBewit)
    }

    /// Verifies the signature; `resource` is without the `bewit`.
    pub fn check(&self, key: &str, resource: &str, host: &str, port: u16) -> Result<(), HawkError> {
        signed(self.expiry_text(), resource, host, port, self.ext()).check(KIND, key, self.mac())
    }

    fn expiry_text(&self) -> &str {
        &self.fields[self.ends[0] + 1..self.ends[1]]
    }

    fn mac(&self) -> &str {
        &self.fields[self.ends[1] + 1..self.ends[2]]
    }

    /// The `bewit` parameter for a URL, for clients.
    pub fn sign(id: &str, key: &str, expiry: i64, resource: &str, host: &str, port: u16, ext: &str) -> String {
        let expiry = expiry.to_string();
        let mac = signed(&expiry, resource, host, port, ext).mac(KIND, key).finalize().into_bytes();
        let mac = base64::engine::general_purpose::STANDARD.encode(mac);
        URL_SAFE_NO_PAD.encode([id, &expiry, &mac, ext].join("\\"))
    }
}

/// A signed URL is always signed as `GET`.
fn signed<'a>(expiry: &'a str, resource: &'a str, host: &'a str, port: u16, ext: &'a str) -> Signed<'a> {
    Signed { timestamp: expiry, nonce: "", method: "GET", resource, host, port, hash: "", ext }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "dGVzdC1hY2Nlc3MtdG9rZW4tZm9yLXZlY3RvcnMtMDAwMQ";
    const RESOURCE: &str = "/api/queue/v1/task/abc/artifacts/public%2Flog";
    const HOST: &str = "drover.example.com";

    #[test]
    fn the_mac_is_that_of_the_check_vector() {
        let bewit = Bewit::parse(&Bewit::sign("me", KEY, 1_700_000_900, RESOURCE, HOST, 443, "")).unwrap();
        assert_eq!(bewit.mac(), "tGW7bJ62qiTeprmB6tgodOkLuLW/QaNC6xtKZq9uhEc=");
        assert_eq!((bewit.id(), bewit.expiry(), bewit.ext()), ("me", Ok(1_700_000_900), ""));
        assert_eq!(bewit.check(KEY, RESOURCE, HOST, 443), Ok(()));
        assert_eq!(bewit.check(KEY, "/other", HOST, 443), Err(HawkError::BadMac));
    }

    #[test]
    fn the_parameter_is_found_anywhere_in_the_query() {
        let cases = [
            ("/a?bewit=B", "/a"),
            ("/a?x=1&bewit=B", "/a?x=1"),
            ("/a?bewit=B&x=1", "/a?x=1"),
            ("/a?x=1&bewit=B&y=2", "/a?x=1&y=2"),
        ];
        for (url, rest) in cases {
            assert_eq!(take_bewit(url), Some((rest.to_owned(), "B")), "{url}");
        }
        assert_eq!(take_bewit("/a?x=bewit=B"), None);
        assert_eq!(take_bewit("/bewit=B"), None);
    }

    #[test]
    fn other_texts_are_no_bewit() {
        for text in ["", "!!", "YQ", "YVxi"] {
            assert_eq!(Bewit::parse(text), Err(HawkError::BadBewit), "{text}");
        }
    }
}
