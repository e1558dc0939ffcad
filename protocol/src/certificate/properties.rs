//! What holds for every certificate, as issued and as tampered with.

use proptest::{collection::vec, option, prelude::*, sample::Index};

use super::*;

const NOW: i64 = 1_700_000_000_000;
const TOKEN: &str = "the-token-of-the-issuer";

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_timestamp_millis(milliseconds).unwrap()
}

/// Scopes, some of which look like the lines of which a signed text is made.
fn scopes() -> impl Strategy<Value = Vec<String>> {
    let scope = prop_oneof![
        4 => "[ -~]{0,6}",
        1 => "(issuer:root|clientId:[ab]|version:1|scopes:|start:0|expiry:1700000000001|seed:A{44}|\\*)",
    ];
    vec(scope, 0..5)
}

prop_compose! {
    /// A certificate with its client id.
    fn issued()(
        name in option::of("[a-zA-Z0-9!@/:.+|_-]{1,12}"),
        scopes in scopes(),
        start in NOW - 86_400_000..=NOW,
        life in 1..=LONGEST_LIFE.num_milliseconds(),
        seed: [u8; 32],
    ) -> (String, Certificate) {
        let (start, expiry) = (at(start), at((start + life).max(NOW).min(start + LONGEST_LIFE.num_milliseconds())));
        let made = issue("root", TOKEN, Order { name: name.as_deref(), scopes, start, expiry }, seed);
        (made.client_id, serde_json::from_str(&made.certificate.unwrap()).unwrap())
    }
}

/// A change of one field.
#[derive(Debug, Clone)]
enum Change {
    Version(i64),
    Scopes(Vec<String>),
    BadScope(String),
    Start(i64),
    Expiry(i64),
    Seed(String),
    Signature(String),
    Issuer(Option<String>),
    ClientId(String),
}

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![
        any::<i64>().prop_map(Change::Version),
        scopes().prop_map(Change::Scopes),
        "[a\\n\\u{7f}\\u{e9}]{1,3}".prop_map(Change::BadScope),
        any::<i64>().prop_map(Change::Start),
        (-1_000_000..1_000_000i64).prop_map(|by| Change::Start(NOW + by)),
        any::<i64>().prop_map(Change::Expiry),
        (-1_000_000..1_000_000i64).prop_map(|by| Change::Expiry(NOW + by)),
        prop_oneof!["[A-Za-z0-9_-]{44}", "[A-Za-z0-9_-]{0,60}", "[a\\n]{44}"].prop_map(Change::Seed),
        prop_oneof!["[A-Za-z0-9+/]{43}=", any::<String>()].prop_map(Change::Signature),
        option::of(prop_oneof!["[a-z/]{0,6}", any::<String>()]).prop_map(Change::Issuer),
        any::<String>().prop_map(Change::ClientId),
    ]
}

impl Change {
    fn apply(self, certificate: &mut Certificate) {
        match self {
            Self::Version(version) => certificate.version = version,
            Self::Scopes(scopes) => certificate.scopes = scopes,
            Self::BadScope(scope) => certificate.scopes.push(scope),
            Self::Start(start) => certificate.start = start,
            Self::Expiry(expiry) => certificate.expiry = expiry,
            Self::Seed(seed) => certificate.seed = seed,
            Self::Signature(signature) => certificate.signature = signature,
            Self::Issuer(issuer) => certificate.issuer = issuer,
            Self::ClientId(client_id) => certificate.client_id = Some(client_id),
        }
    }

    /// What the refusal says; times are judged by a plain copy of the rule.
    fn refusal(&self, whole: &Certificate) -> CertificateError {
        let printable = |text: &str| text.bytes().all(|letter| (b' '..=b'~').contains(&letter));
        match self {
            Self::Version(_) => CertificateError::Version,
            Self::Seed(seed) if seed.len() != 44 => CertificateError::Seed,
            Self::Seed(seed) if !printable(seed) => CertificateError::Unprintable,
            Self::BadScope(scope) if !printable(scope) => CertificateError::Scopes,
            Self::Issuer(Some(issuer)) if !printable(issuer) => CertificateError::Unprintable,
            Self::ClientId(_) => CertificateError::ClientId,
            Self::Start(start) => of_times(*start, whole.expiry),
            Self::Expiry(expiry) => of_times(whole.start, *expiry),
            _ => CertificateError::Signature,
        }
    }
}

fn of_times(start: i64, expiry: i64) -> CertificateError {
    let minutes = |count: i128| count * 60_000;
    let (start, expiry, now) = (i128::from(start), i128::from(expiry), i128::from(NOW));
    if start > now + minutes(5) {
        CertificateError::NotYetValid
    } else if expiry < now - minutes(5) {
        CertificateError::Expired
    } else if expiry - start > minutes(31 * 24 * 60) {
        CertificateError::TooLong
    } else {
        CertificateError::Signature
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_issued_is_good_for_its_client_and_its_issuer_alone((id, certificate) in issued(), other in "[a-z]{1,9}") {
        prop_assert_eq!(certificate.verify(&id, TOKEN, at(NOW)), Ok(()));
        prop_assert_eq!(certificate.verify(&id, &other, at(NOW)), Err(CertificateError::Signature));
        if certificate.issuer.is_some() && id != other {
            prop_assert_eq!(certificate.verify(&other, TOKEN, at(NOW)), Err(CertificateError::Signature));
        }
    }

    #[test]
    fn a_changed_field_is_refused_in_the_words_for_it((id, whole) in issued(), change in changes()) {
        let mut certificate = whole.clone();
        change.clone().apply(&mut certificate);
        // The id that signs may stand in a named certificate too.
        let means_the_same = certificate == whole
            || (certificate.issuer.is_some() && certificate.client_id.as_ref() == Some(&id));
        let expected = if means_the_same { Ok(()) } else { Err(change.refusal(&whole)) };
        prop_assert_eq!(certificate.verify(&id, TOKEN, at(NOW)), expected);
    }

    #[test]
    fn a_changed_byte_is_refused_or_means_nothing((id, whole) in issued(), place: Index, byte: u8) {
        let mut text = serde_json::to_vec(&whole).unwrap();
        let place = place.index(text.len());
        text[place] = byte;
        if let Ok(certificate) = serde_json::from_slice::<Certificate>(&text) && certificate != whole {
            prop_assert!(certificate.verify(&id, TOKEN, at(NOW)).is_err(), "{}", String::from_utf8_lossy(&text));
        }
    }

    #[test]
    fn no_text_of_json_makes_the_verifier_panic(
        version: i64, scopes: Vec<String>, start: i64, expiry: i64, seed: String, signature: String,
        issuer: Option<String>, client_id: Option<String>, id: String,
    ) {
        let certificate = Certificate { version, scopes, start, expiry, seed, signature, issuer, client_id };
        prop_assert!(certificate.verify(&id, TOKEN, at(NOW)).is_err());
        let _ = certificate.access_token(&id);
    }
}

/// Whoever may choose scopes chooses lines of the signed text. They must not become another name, issuer or time.
#[test]
fn lines_chosen_by_the_holder_are_not_read_as_fields() {
    let own = "A".repeat(SEED_LETTERS);
    let smuggled = ["issuer:root".to_owned(), format!("seed:{own}"), format!("start:{NOW}")];
    let smuggled = smuggled.into_iter().chain([format!("expiry:{}", NOW + 1), "scopes:".to_owned(), "*".to_owned()]);
    let order = Order { name: Some("a"), scopes: smuggled.collect(), start: at(NOW), expiry: at(NOW + 1) };
    let made = issue("root", TOKEN, order, [7; 32]);
    let given: Certificate = serde_json::from_str(made.certificate.as_ref().unwrap()).unwrap();
    let name = format!("a\nissuer:root\nseed:{}\nstart:{NOW}\nexpiry:{}\nscopes:", given.seed, NOW + 1);
    let forged = Certificate { scopes: vec!["*".to_owned()], seed: own, ..given };
    assert_eq!(forged.verify(&name, TOKEN, at(NOW)), Err(CertificateError::Unprintable));
    // The signature itself would be right, which is why the name is looked at.
    assert!(forged.signing(Some(&name), TOKEN).verify_slice(&STANDARD.decode(&forged.signature).unwrap()).is_ok());
}
