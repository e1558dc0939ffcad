//! Tokens of Google and of a cluster.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{openssl::Openssl, *};

struct Issuer {
    openssl: Openssl,
    keys: KeySet,
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

impl Issuer {
    fn new(provider_type: ProviderType) -> Self {
        let openssl = Openssl::new();
        openssl.key("issuer", 2048);
        let modulus = String::from_utf8(openssl.run("rsa -in issuer.key -noout -modulus", b"")).unwrap();
        let modulus = hex::decode(modulus.trim().trim_start_matches("Modulus=")).unwrap();
        let n = URL_SAFE_NO_PAD.encode(modulus);
        let other = json!({ "kid": "ec", "kty": "EC" });
        let jwks = json!({ "keys": [other, { "kid": "one", "kty": "RSA", "n": n, "e": "AQAB" }] });
        let mut keys = KeySet::default();
        keys.add(provider_type, &jwks.to_string()).unwrap();
        Self { openssl, keys }
    }

    fn token(&self, header: &Value, claims: &Value) -> Proof {
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.openssl.sign("issuer", signed.as_bytes()));
        proof(format!("{signed}.{signature}"))
    }
}

fn proof(token: String) -> Proof {
    Proof { token: Some(token), ..Proof::default() }
}

fn header() -> Value {
    json!({ "alg": "RS256", "kid": "one", "typ": "JWT" })
}

fn google() -> Value {
    json!({
        "iss": "https://accounts.google.com", "aud": ROOT_URL, "sub": "123", "exp": now().timestamp() + 60,
        "google": { "compute_engine": { "project_id": "p", "instance_id": "42", "zone": "z" } },
    })
}

fn with(mut claims: Value, pointer: &str, value: Value) -> Value {
    *claims.pointer_mut(pointer).unwrap() = value;
    claims
}

#[test]
fn a_token_of_the_instance_is_accepted_and_one_of_anything_else_refused() {
    let issuer = Issuer::new(ProviderType::Google);
    let check = |claims: &Value| {
        outcome(ProviderType::Google, &issuer.token(&header(), claims), &row("42", json!({})), &issuer.keys)
    };
    assert_eq!(check(&google()), Ok(()));
    assert_eq!(check(&with(google(), "/aud", json!(["x", ROOT_URL]))), Ok(()));
    let cases = [
        ("/iss", json!("https://evil.example.com"), IdentityError::Differs("iss")),
        ("/aud", json!("https://other.example.com"), IdentityError::Differs("aud")),
        ("/aud", json!([]), IdentityError::Differs("aud")),
        ("/sub", json!("124"), IdentityError::Differs("sub")),
        ("/exp", json!(now().timestamp() - 1), IdentityError::Time),
        ("/exp", json!("never"), IdentityError::Form("claims")),
        ("/google/compute_engine/project_id", json!("q"), IdentityError::Differs("project")),
        ("/google/compute_engine/instance_id", json!("43"), IdentityError::Differs("instance_id")),
    ];
    for (pointer, value, error) in cases {
        assert_eq!(check(&with(google(), pointer, value)), Err(error), "{pointer}");
    }
}

#[test]
fn the_token_does_not_choose_how_it_is_verified() {
    let issuer = Issuer::new(ProviderType::Google);
    let check = |proof: &Proof| outcome(ProviderType::Google, proof, &row("42", json!({})), &issuer.keys);
    for header in [
        json!({ "alg": "none" }),
        json!({ "alg": "HS256", "kid": "one" }),
        json!({ "alg": "RS256", "kid": "one", "crit": ["exp"] }),
    ] {
        assert_eq!(check(&issuer.token(&header, &google())), Err(IdentityError::Form("algorithm")));
    }
    let unsigned = format!("{}.{}.", encoded(&header()), encoded(&google()));
    assert_eq!(check(&proof(unsigned)), Err(IdentityError::Signature));
    let unknown_key = json!({ "alg": "RS256", "kid": "two" });
    assert_eq!(check(&issuer.token(&unknown_key, &google())), Err(IdentityError::Signature));
    let good = issuer.token(&header(), &google()).token.unwrap();
    let other = encoded(&with(google(), "/sub", json!("0")));
    let parts: Vec<&str> = good.split('.').collect();
    assert_eq!(check(&proof([parts[0], &other, parts[2]].join("."))), Err(IdentityError::Signature));
    for text in ["", "a.b", "a.b.c.d", "....", "!.!.!"] {
        assert!(matches!(check(&proof(text.to_owned())), Err(IdentityError::Form(_))), "{text}");
    }
}

#[test]
fn a_token_is_bound_to_its_pod() {
    let issuer = Issuer::new(ProviderType::Kubernetes);
    let claims = json!({
        "iss": "https://kubernetes.default.svc.cluster.local", "aud": [ROOT_URL], "exp": now().timestamp() + 60,
        "sub": "system:serviceaccount:default:drover-worker",
        "kubernetes.io": { "namespace": "default", "pod": { "name": "w", "uid": "u-1" } },
    });
    let row = row("w", json!({ POD_UID: "u-1" }));
    let check =
        |claims: &Value| outcome(ProviderType::Kubernetes, &issuer.token(&header(), claims), &row, &issuer.keys);
    assert_eq!(check(&claims), Ok(()));
    let cases = [
        ("/sub", "system:serviceaccount:default:other", "sub"),
        ("/kubernetes.io/namespace", "other", "namespace"),
        ("/kubernetes.io/pod/name", "v", "pod"),
        ("/kubernetes.io/pod/uid", "u-2", "pod uid"),
    ];
    for (pointer, value, field) in cases {
        assert_eq!(check(&with(claims.clone(), pointer, json!(value))), Err(IdentityError::Differs(field)));
    }
}

#[test]
fn a_text_that_is_no_key_is_refused() {
    let mut keys = KeySet::default();
    assert!(keys.add(ProviderType::Google, "{}").is_err());
    assert!(keys.add(ProviderType::Google, r#"{"keys":[{"kty":"RSA","n":"!"}]}"#).is_err());
    assert!(keys.add(ProviderType::Aws, "nothing").is_err());
    assert!(keys.add(ProviderType::Aws, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----").is_err());
    assert!(keys.add(ProviderType::Static, "").is_err());
    assert!(keys.is_empty());
}
