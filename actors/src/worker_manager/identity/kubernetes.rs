//! Pods: a projected token of their service account for this deployment, bound to the pod.

use protocol::time::Timestamp;
use serde::Deserialize;

use super::{Expected, IdentityError, KeySet, Proof, token};

/// The field of the provider data with the service account of the pod.
const SERVICE_ACCOUNT: &str = "serviceAccount";
/// The field of the provider data with the uid of the pod.
pub const POD_UID: &str = "podUid";

#[derive(Deserialize)]
struct Kubernetes {
    #[serde(rename = "kubernetes.io")]
    bound: Bound,
}

#[derive(Deserialize)]
struct Bound {
    namespace: String,
    pod: Pod,
}

#[derive(Deserialize)]
struct Pod {
    name: String,
    uid: String,
}

pub(super) fn verify(
    proof: &Proof,
    expected: &Expected<'_>,
    keys: &KeySet,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let token = Proof::part(proof.token.as_ref(), "token")?;
    let settings = &expected.settings.kubernetes;
    let claims = token::open::<Kubernetes>(token, keys, &[&settings.issuer], expected.root_url, now)?;
    let recorded = |field: &str| expected.worker.provider_data.get(field).and_then(|value| value.as_str());
    let account = recorded(SERVICE_ACCOUNT).unwrap_or(&settings.service_account);
    let (pod, subject) = (&claims.more.bound.pod, subject(&settings.namespace, account));
    let uid = recorded(POD_UID).unwrap_or_default();
    let pairs = [
        ("sub", claims.sub.as_str(), subject.as_str()),
        ("namespace", &claims.more.bound.namespace, &settings.namespace),
        ("pod", &pod.name, &expected.worker.worker.worker_id),
        ("pod uid", &pod.uid, uid),
    ];
    // The uid, since a name can be taken again.
    match pairs.iter().find(|(_, given, wanted)| wanted.is_empty() || given != wanted) {
        Some((name, ..)) => Err(IdentityError::Differs(name)),
        None => Ok(()),
    }
}

fn subject(namespace: &str, service_account: &str) -> String {
    format!("system:serviceaccount:{namespace}:{service_account}")
}
