//! Our signatures compared with those of the crate `hawk`, which Taskcluster's own client in Rust uses: what one side
//! signs the other accepts, and only under the same key.

use std::time::{Duration, UNIX_EPOCH};

use hawk::{Credentials, Header as OtherHeader, Key, PayloadHasher, RequestBuilder, SHA256};
use proptest::prelude::*;

use super::{
    properties::{Request, requests},
    *,
};

/// Longer than the time since any timestamp of these tests.
const ANY_SKEW: Duration = Duration::from_hours(24 * 365 * 500);

/// Expiries lie after this time, as the other side compares them with the system's clock.
const FUTURE: u64 = 9_000_000_000;

fn key(text: &str) -> Key {
    Key::new(text, SHA256).unwrap()
}

fn credentials() -> Credentials {
    Credentials { id: "me".to_owned(), key: key("key") }
}

fn other_request<'a>(request: &'a Request, hash: Option<&'a [u8]>) -> hawk::Request<'a> {
    let ext = Some(request.ext.as_str()).filter(|ext| !ext.is_empty());
    let Request { method, host, port, resource, .. } = request;
    RequestBuilder::new(method, host, *port, resource).hash(hash).ext(ext).request()
}

proptest! {
    #[test]
    fn each_side_accepts_the_headers_of_the_other(
        request in requests(), seconds: u32, body in any::<Vec<u8>>(), has_hash: bool,
    ) {
        let other_hash = PayloadHasher::hash("application/json", SHA256, &body).unwrap();
        let hash = payload_hash("application/json", &body);
        prop_assert_eq!(STANDARD.encode(&other_hash), hash.as_str());
        let hash = if has_hash { hash } else { String::new() };
        let request = Request { timestamp: seconds.to_string(), hash, ..request };
        let other = other_request(&request, has_hash.then_some(&other_hash));

        let ours = request.signed().header("me", "key");
        let parsed: OtherHeader = ours.strip_prefix("Hawk ").unwrap().parse().unwrap();
        prop_assert!(other.validate_header(&parsed, &key("key"), ANY_SKEW), "{}", ours);
        prop_assert!(!other.validate_header(&parsed, &key("other"), ANY_SKEW));

        let time = UNIX_EPOCH + Duration::from_secs(seconds.into());
        let theirs = format!("Hawk {}", other.make_header_full(&credentials(), time, request.nonce.as_str()).unwrap());
        let parsed = Header::parse(&theirs).unwrap();
        prop_assert!(request.accepts(&parsed, "key"), "{}", theirs);
        prop_assert!(!request.accepts(&parsed, "other"));
    }

    #[test]
    fn each_side_accepts_the_signed_urls_of_the_other(request in requests(), seconds: u32) {
        let request = Request { method: "GET".to_owned(), ..request };
        let (other, expiry) = (other_request(&request, None), FUTURE + u64::from(seconds));
        let Request { resource, host, port, ext, .. } = &request;

        let ours = Bewit::sign("me", "key", expiry.try_into().unwrap(), resource, host, *port, ext);
        prop_assert!(other.validate_bewit(&ours.parse().unwrap(), &key("key")), "{}", ours);
        prop_assert!(!other.validate_bewit(&ours.parse().unwrap(), &key("other")));

        let credentials = credentials();
        let theirs = other.make_bewit(&credentials, UNIX_EPOCH + Duration::from_secs(expiry)).unwrap().to_str();
        let parsed = Bewit::parse(&theirs).unwrap();
        prop_assert_eq!(parsed.check("key", resource, host, *port), Ok(()));
        prop_assert_eq!(parsed.check("other", resource, host, *port), Err(HawkError::BadMac));
    }
}
