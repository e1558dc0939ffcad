use super::*;

const SECRET: &str = "abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLM_012";

fn proof(secret: &str) -> Proof {
    Proof { static_secret: Some(secret.to_owned()), ..Proof::default() }
}

#[test]
fn a_static_worker_has_its_own_secret() {
    let (settings, row) = (settings(ProviderType::Static), row("w", json!({})));
    let against = |stored: Option<&str>, proof: &Proof| {
        let static_secret = stored.map(str::to_owned);
        let expected = Expected { settings: &settings, root_url: ROOT_URL, worker: &row, static_secret };
        verify(proof, &expected, &KeySet::default(), now())
    };
    assert_eq!(against(Some(SECRET), &proof(SECRET)), Ok(()));
    assert_eq!(against(Some(SECRET), &proof(&SECRET.replace('2', "3"))), Err(IdentityError::Secret));
    assert_eq!(against(None, &proof("")), Err(IdentityError::Secret));
    assert_eq!(against(Some(SECRET), &Proof::default()), Err(IdentityError::Missing("staticSecret")));
}

#[test]
fn a_local_worker_has_the_secret_of_its_row() {
    let hash = hex::encode(ring::digest::digest(&ring::digest::SHA256, SECRET.as_bytes()));
    let own = row("w", json!({ SECRET_SHA256: hash }));
    let check = |proof: &Proof, row| outcome(ProviderType::Local, proof, row, &KeySet::default());
    assert_eq!(check(&proof(SECRET), &own), Ok(()));
    assert_eq!(check(&proof(&SECRET[1..]), &own), Err(IdentityError::Secret));
    assert_eq!(check(&proof(&hash), &own), Err(IdentityError::Secret), "the hash is not the secret");
    assert_eq!(check(&proof(SECRET), &row("w", json!({}))), Err(IdentityError::Secret));
}

#[test]
fn the_proof_of_a_provider_is_no_proof_of_another() {
    let row = row("w", json!({}));
    for provider_type in [ProviderType::Aws, ProviderType::Google, ProviderType::Azure, ProviderType::Kubernetes] {
        let outcome = outcome(provider_type, &proof(SECRET), &row, &KeySet::default());
        assert!(matches!(outcome, Err(IdentityError::Missing(_))), "{outcome:?}");
    }
    assert_eq!(outcome(ProviderType::Null, &proof(SECRET), &row, &KeySet::default()), Err(IdentityError::Provider));
}
