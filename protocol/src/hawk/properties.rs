//! Properties of all headers and signed URLs, valid and forged.

use proptest::{prelude::*, sample::select};

use super::*;

/// A request and the fields of its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub timestamp: String,
    pub nonce: String,
    pub method: String,
    pub resource: String,
    pub host: String,
    pub port: u16,
    pub hash: String,
    pub ext: String,
}

impl Request {
    pub(super) fn signed(&self) -> Signed<'_> {
        let Self { timestamp, nonce, method, resource, host, port, hash, ext } = self;
        Signed { timestamp, nonce, method, resource, host, port: *port, hash, ext }
    }

    /// Whether `header` signs this request under `key`.
    pub(super) fn accepts(&self, header: &Header<'_>, key: &str) -> bool {
        header.check(key, &self.method, &self.resource, &self.host, self.port).is_ok()
    }
}

prop_compose! {
    pub(super) fn requests()(
        timestamp in "[0-9]{1,10}",
        nonce in "[a-zA-Z0-9_=-]{1,8}",
        method in select(vec!["GET", "HEAD", "POST", "PUT", "DELETE"]),
        resource in "/[a-z%2F]{0,8}(/[a-z]{0,3}){0,2}(\\?[a-z]=[a-z0-9]{0,3}(&[a-z]=[a-z0-9]){0,2})?",
        host in "[a-z][a-z.-]{0,8}",
        port in prop_oneof![Just(80), Just(443), any::<u16>()],
        hash in "([A-Za-z0-9+/]{10}=)?",
        ext in "([A-Za-z0-9+/]{4,12})?",
    ) -> Request {
        let method = method.to_owned();
        Request { timestamp, nonce, method, resource, host, port, hash, ext }
    }
}

/// Two requests that differ in one part only.
fn neighbours() -> impl Strategy<Value = (Request, Request)> {
    (requests(), requests(), 0..8usize).prop_filter_map("they are the same", |(one, other, part)| {
        let mut changed = one.clone();
        match part {
            0 => changed.timestamp = other.timestamp,
            1 => changed.nonce = other.nonce,
            2 => changed.method = other.method,
            3 => changed.resource = other.resource,
            4 => changed.host = other.host,
            5 => changed.port = other.port,
            6 => changed.hash = other.hash,
            _ => changed.ext = other.ext,
        }
        (changed != one).then_some((one, changed))
    })
}

/// Fields of an attacker who wants one text to be parsed in two ways.
fn smuggled() -> impl Strategy<Value = Request> {
    let part = || "[a-c1\\n\\\\]{0,6}";
    (part(), part(), part(), part(), part(), any::<u16>(), part(), part()).prop_map(
        |(timestamp, nonce, method, resource, host, port, hash, ext)| Request {
            timestamp,
            nonce,
            method,
            resource,
            host,
            port,
            hash,
            ext,
        },
    )
}

fn almost_a_header() -> impl Strategy<Value = String> {
    "(Hawk|hawk|Bearer) ?((id|ts|nonce|mac|hash|ext|app)=\"[^\"]{0,6}\"[, ]{0,2}){0,8}.{0,3}"
}

/// One letter put in the place of another.
fn with_letter(text: &str, place: prop::sample::Index, letter: char) -> String {
    let place = place.index(text.len());
    let mut changed = text.to_owned();
    changed.replace_range(place..=place, letter.encode_utf8(&mut [0; 4]));
    changed
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_readers_panic(text in prop_oneof![any::<String>(), almost_a_header()]) {
        if let Ok(header) = Header::parse(&text) {
            let _ = (header.seconds(), header.check("key", "GET", &text, &text, 0));
        }
        if let Ok(bewit) = Bewit::parse(&text) {
            let _ = (bewit.expiry(), bewit.check("key", &text, &text, 0));
        }
        let _ = take_bewit(&text);
    }

    #[test]
    fn no_bytes_inside_base64_make_the_reader_of_signed_urls_panic(bytes in any::<Vec<u8>>(), cuts in 0..5usize) {
        let text = [bytes.as_slice(), &b"\\1".repeat(cuts)].concat();
        if let Ok(bewit) = Bewit::parse(&base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)) {
            let _ = (bewit.id(), bewit.ext(), bewit.expiry());
            prop_assert_eq!(bewit.check("key", "/", "h", 80), Err(HawkError::BadMac));
        }
    }

    #[test]
    fn a_header_is_read_as_it_was_written_and_is_good_for_its_request(request in requests(), id in "[a-z/@.-]{1,9}") {
        let text = request.signed().header(&id, "key");
        let header = Header::parse(&text).unwrap();
        prop_assert_eq!((header.id, header.timestamp), (id.as_str(), request.timestamp.as_str()));
        prop_assert_eq!(header.nonce, request.nonce.as_str());
        prop_assert_eq!(header.hash.unwrap_or_default(), request.hash.as_str());
        prop_assert_eq!(header.ext.unwrap_or_default(), request.ext.as_str());
        prop_assert!(request.accepts(&header, "key") && !request.accepts(&header, "other"));
    }

    #[test]
    fn a_header_signs_no_other_request((one, other) in neighbours()) {
        let (text, written) = (one.signed().header("me", "key"), other.signed().header("me", "key"));
        let mac = Header::parse(&text).unwrap().mac;
        let forged = Header { mac, ..Header::parse(&written).unwrap() };
        prop_assert!(!other.accepts(&forged, "key"));
    }

    #[test]
    fn a_changed_character_of_a_header_is_refused(
        request in requests(), place in any::<prop::sample::Index>(), letter in prop::char::range(' ', '~'),
    ) {
        let text = request.signed().header("me", "key");
        let changed = with_letter(&text, place, letter);
        let (whole, read) = (Header::parse(&text).unwrap(), Header::parse(&changed));
        // The id names the key, so that it needs no signature; spaces between attributes mean nothing.
        if let Ok(read) = read && (Header { id: whole.id, ..read }) != whole {
            prop_assert!(!request.accepts(&read, "key"), "{}", changed);
        }
    }

    #[test]
    fn a_line_break_in_a_field_never_makes_it_two(one in requests(), other in smuggled()) {
        let mac = one.signed().mac("kind", "key").finalize().into_bytes();
        let given = STANDARD.encode(mac);
        prop_assert_eq!(one.signed().check("kind", "key", &given), Ok(()));
        prop_assert_eq!(other.signed().check("kind", "key", &given), Err(HawkError::BadMac));
    }

    #[test]
    fn a_bewit_signs_no_other_url((one, other) in neighbours(), id in "[a-z/]{1,9}", expiry: u32) {
        let sign = |it: &Request| Bewit::sign(&id, "key", expiry.into(), &it.resource, &it.host, it.port, &it.ext);
        let (text, written) = (sign(&one), sign(&other));
        let bewit = Bewit::parse(&text).unwrap();
        prop_assert_eq!((bewit.id(), bewit.expiry(), bewit.ext()), (id.as_str(), Ok(expiry.into()), one.ext.as_str()));
        prop_assert_eq!(bewit.check("key", &one.resource, &one.host, one.port), Ok(()));
        let other_place = (&other.resource, &other.host, other.port) != (&one.resource, &one.host, one.port);
        prop_assert_eq!(bewit.check("key", &other.resource, &other.host, other.port).is_err(), other_place);
        prop_assert_eq!(text == written, !other_place && one.ext == other.ext);
    }

    #[test]
    fn a_changed_character_of_a_bewit_is_refused(
        request in requests(), place in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_-]",
    ) {
        let text = Bewit::sign("me", "key", 7, &request.resource, &request.host, request.port, &request.ext);
        let changed = with_letter(&text, place, letter.chars().next().unwrap());
        let (whole, read) = (Bewit::parse(&text).unwrap(), Bewit::parse(&changed));
        if let Ok(read) = read && changed != text && read.id() == whole.id() {
            prop_assert!(read.check("key", &request.resource, &request.host, request.port).is_err());
        }
    }

    #[test]
    fn the_bewit_is_found_at_any_place_of_the_query(request in requests(), place in 0..4usize) {
        let (path, query) = request.resource.split_once('?').unwrap_or((&request.resource, ""));
        let mut parameters: Vec<&str> = query.split('&').filter(|parameter| !parameter.is_empty()).collect();
        parameters.insert(place.min(parameters.len()), "bewit=B");
        let url = format!("{path}?{}", parameters.join("&"));
        prop_assert_eq!(take_bewit(&url), Some((request.resource.clone(), "B")));
    }

    #[test]
    fn different_bodies_have_different_hashes(
        one in any::<Vec<u8>>(), other in any::<Vec<u8>>(), kinds in ("[a-z]{0,2}/?[a-z]{0,2}", "[a-z]{0,2}/?[a-z]{0,2}"),
    ) {
        let same = payload_hash(&kinds.0, &one) == payload_hash(&kinds.1, &other);
        prop_assert_eq!(same, one == other && kinds.0 == kinds.1);
    }
}
