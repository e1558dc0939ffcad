//! Identity documents of EC2.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{openssl::Openssl, *};

struct Aws {
    openssl: Openssl,
    keys: KeySet,
    recorded: Value,
}

impl Aws {
    /// A key of 1024 bits, as AWS has.
    fn new() -> Self {
        let openssl = Openssl::new();
        openssl.key("aws", 1024);
        openssl.run("req -x509 -new -key aws.key -subj /CN=aws -days 2 -out aws.pem", b"");
        let mut keys = KeySet::default();
        keys.add(ProviderType::Aws, &openssl.text("aws.pem")).unwrap();
        let mut recorded = json!({});
        for field in AWS_FIELDS {
            recorded[field] = json!(format!("the {field}"));
        }
        recorded["instanceId"] = json!("i-1");
        Self { openssl, keys, recorded }
    }

    fn document(&self) -> String {
        let mut document = self.recorded.clone();
        document["pendingTime"] = json!("2026-01-01T00:00:00Z");
        serde_json::to_string_pretty(&document).unwrap()
    }

    fn proof(&self, document: &str) -> Proof {
        let signature = STANDARD.encode(self.openssl.sign("aws", document.as_bytes()));
        // The metadata service breaks it into lines.
        let signature = format!("{}\n{}", &signature[..64], &signature[64..]);
        Proof { document: Some(document.to_owned()), signature: Some(signature), ..Proof::default() }
    }

    fn check(&self, proof: &Proof, recorded: &Value) -> Result<(), IdentityError> {
        outcome(ProviderType::Aws, proof, &row("i-1", recorded.clone()), &self.keys)
    }
}

#[test]
fn a_document_of_the_instance_is_accepted_and_each_tampered_form_refused() {
    let aws = Aws::new();
    let good = aws.proof(&aws.document());
    assert_eq!(aws.check(&good, &aws.recorded), Ok(()));
    let changed = aws.document().replace("2026", "2027");
    let of_other = Proof { document: Some(changed), ..good.clone() };
    assert_eq!(aws.check(&of_other, &aws.recorded), Err(IdentityError::Signature));
    let mut signature = good.signature.clone().unwrap();
    signature.replace_range(3..4, if &signature[3..4] == "A" { "B" } else { "A" });
    let flipped = Proof { signature: Some(signature), ..good.clone() };
    assert_eq!(aws.check(&flipped, &aws.recorded), Err(IdentityError::Signature));
    let unsigned = Proof { signature: None, ..good.clone() };
    assert_eq!(aws.check(&unsigned, &aws.recorded), Err(IdentityError::Missing("signature")));
    let garbage = Proof { signature: Some("no base64!".to_owned()), ..good };
    assert_eq!(aws.check(&garbage, &aws.recorded), Err(IdentityError::Form("signature")));
}

#[test]
fn every_field_must_be_as_it_was_recorded() {
    let aws = Aws::new();
    let good = aws.proof(&aws.document());
    for field in AWS_FIELDS {
        let mut recorded = aws.recorded.clone();
        recorded[field] = json!("another");
        assert_eq!(aws.check(&good, &recorded), Err(IdentityError::Differs(field)));
        recorded.as_object_mut().unwrap().remove(field);
        assert_eq!(aws.check(&good, &recorded), Err(IdentityError::Differs(field)));
    }
    let of_other = outcome(ProviderType::Aws, &good, &row("i-2", aws.recorded.clone()), &aws.keys);
    assert_eq!(of_other, Err(IdentityError::Differs("instanceId")));
}

#[test]
fn a_long_document_is_not_looked_at() {
    let aws = Aws::new();
    let long = Proof { document: Some(" ".repeat(65 * 1024)), signature: Some(String::new()), ..Proof::default() };
    assert_eq!(aws.check(&long, &aws.recorded), Err(IdentityError::Missing("document")));
}
