//! Attested data of Azure, signed as Azure does: without signed attributes.

use std::time::{Duration, Instant};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{openssl::Openssl, *};

const VM: &str = "d3e0e3a2-7f1c-4f2e-9d2e-000000000001";

/// A root, an intermediate authority, and certificates of the metadata service and of others.
fn authorities() -> Openssl {
    let openssl = Openssl::new();
    openssl.certificate("root", "root", None, true);
    openssl.certificate("middle", "middle", Some("root"), true);
    openssl.certificate("leaf", "eastus.metadata.azure.com", Some("middle"), false);
    openssl.certificate("other", "metadata.azure.com.example.com", Some("middle"), false);
    openssl.certificate("self", "metadata.azure.com", None, true);
    openssl.certificate("below", "metadata.azure.com", Some("leaf"), false);
    openssl
}

fn content(vm: &str, minutes: i64) -> Value {
    let until = (now() + TimeDelta::minutes(minutes)).format("%m/%d/%y %H:%M:%S -0000").to_string();
    json!({ "vmId": vm, "timeStamp": { "createdOn": "01/01/26 00:00:00 -0000", "expiresOn": until } })
}

fn message(openssl: &Openssl, signer: &str, more: &str, content: &Value) -> Vec<u8> {
    let words = format!(
        "cms -sign -nodetach -binary -noattr -md sha256 -signer {signer}.pem -inkey {signer}.key{more} -outform DER"
    );
    openssl.run(&words, content.to_string().as_bytes())
}

fn check(openssl: &Openssl, trusted: &str, message: &[u8]) -> Result<(), IdentityError> {
    let mut keys = KeySet::default();
    keys.add(ProviderType::Azure, &openssl.text(&format!("{trusted}.pem"))).unwrap();
    let proof = Proof { document: Some(STANDARD.encode(message)), ..Proof::default() };
    outcome(ProviderType::Azure, &proof, &row("vm", json!({ VM_ID: VM.to_uppercase() })), &keys)
}

#[test]
fn attested_data_of_the_machine_is_accepted_and_each_other_form_refused() {
    let openssl = authorities();
    let good = message(&openssl, "leaf", "", &content(VM, 60));
    assert_eq!(check(&openssl, "middle", &good), Ok(()));
    assert_eq!(check(&openssl, "root", &good), Err(IdentityError::Chain), "the authority between is not known");
    let whole = message(&openssl, "leaf", " -certfile middle.pem", &content(VM, 60));
    assert_eq!(check(&openssl, "root", &whole), Ok(()));
    let of = |signer, vm, minutes| check(&openssl, "middle", &message(&openssl, signer, "", &content(vm, minutes)));
    assert_eq!(of("leaf", "another", 60), Err(IdentityError::Differs("vmId")));
    assert_eq!(of("leaf", VM, -1), Err(IdentityError::Time));
    assert_eq!(of("other", VM, 60), Err(IdentityError::Signature), "not of the metadata service");
    assert_eq!(of("self", VM, 60), Err(IdentityError::Chain));
    let by_leaf = message(&openssl, "below", " -certfile leaf.pem", &content(VM, 60));
    assert_eq!(check(&openssl, "middle", &by_leaf), Err(IdentityError::Chain), "a leaf is no authority");
}

#[test]
fn a_flipped_bit_is_never_accepted() {
    let openssl = authorities();
    let good = message(&openssl, "leaf", "", &content(VM, 60));
    let at = good.windows(VM.len()).position(|part| part == VM.as_bytes()).unwrap();
    for place in [at, good.len() - 1, good.len() - 100] {
        let mut flipped = good.clone();
        flipped[place] ^= 1;
        assert_eq!(check(&openssl, "middle", &flipped), Err(IdentityError::Signature), "{place}");
    }
    let accepted = (0..good.len()).step_by(7).filter(|cut| check(&openssl, "middle", &good[..*cut]).is_ok()).count();
    assert_eq!(accepted, 0, "a part is accepted");
}

/// Sets within sets, a set of many, and lengths that lie.
#[test]
fn a_message_that_is_made_to_be_slow_is_refused_at_once() {
    let openssl = authorities();
    let many: Vec<u8> = [0x31, 0x82, 0x4e, 0x20].into_iter().chain([0x05, 0x00].repeat(10_000)).collect();
    let deep: Vec<u8> = (1..=5000_u16)
        .rev()
        .flat_map(|left| {
            let [high, low] = ((left - 1) * 4).to_be_bytes();
            [0x31, 0x82, high, low]
        })
        .collect();
    let lying = [0x30, 0x83, 0xff, 0xff, 0xff].repeat(1000);
    let begun = Instant::now();
    for bomb in [many, deep, lying, vec![0x30; 20_000], [0x24, 0x80].repeat(5000), vec![0; 48 * 1024]] {
        assert!(check(&openssl, "middle", &bomb).is_err());
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}
