//! Whether the credentials of a run fit into a request.

use protocol::{
    certificate::{self, Order},
    limits::MAX_AUTHORIZATION_HEADER,
    time,
};

/// Whether credentials of any run of a task with these scopes fit into the requests of its worker.
pub(super) fn fit(task_scopes: &[String]) -> bool {
    // In JSON a character takes two bytes at most, and in base64 three bytes take four. Most tasks have few scopes.
    let at_most: usize = task_scopes.iter().map(|scope| (2 * scope.len() + 4) * 4 / 3).sum();
    if at_most + LONGEST_OF_THE_REST <= MAX_AUTHORIZATION_HEADER {
        return true;
    }
    let letters = |count| "x".repeat(count);
    let (task_id, worker) = (letters(22), letters(38));
    let name = format!("task-client/{task_id}/49/on/{worker}/{worker}/until/{}.999", letters(12));
    let mut scopes =
        ["reclaim-task", "resolve-task", "create-artifact"].map(|may| format!("queue:{may}:{task_id}/49")).to_vec();
    scopes.extend_from_slice(task_scopes);
    let order = Order { name: Some(&name), scopes, start: time::LATEST, expiry: time::LATEST };
    certificate::issue(&letters(ISSUER), "", order, [0; 32]).fit_into_a_header()
}

/// More than credentials without scopes take.
const LONGEST_OF_THE_REST: usize = 2048;
/// More than the name of the queue's own client has.
const ISSUER: usize = 64;

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use protocol::hawk::{self, Header};
    use serde_json::Value;

    use super::*;

    fn scopes(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("secrets:get:project/x/\"{number:05}\"")).collect()
    }

    /// As the client in Python writes it, with a blank after each comma and colon.
    fn header(task_scopes: &[String]) -> String {
        let name = "task-client/fN1SbArXTPSVFNUvaOlinQ/0/on/group/worker/until/1700000000.123";
        let order =
            Order { name: Some(name), scopes: task_scopes.to_vec(), start: time::EARLIEST, expiry: time::LATEST };
        let made = certificate::issue("static/taskcluster/queue", "token", order, [7; 32]);
        let certificate: Value = serde_json::from_str(made.certificate.as_deref().unwrap()).unwrap();
        let fields: Vec<String> =
            certificate.as_object().unwrap().iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
        let text = format!("{{\"certificate\": {{{}}}}}", fields.join(", ")).replace("\",\"", "\", \"");
        let (ext, hash) = (STANDARD.encode(text), STANDARD.encode([0; 32]));
        let signed = hawk::Signed {
            timestamp: "1700000000",
            nonce: "abcdefgh",
            method: "POST",
            resource: "/",
            host: "example.com",
            port: 443,
            hash: &hash,
            ext: &ext,
        };
        signed.header(&made.client_id, &made.access_token)
    }

    #[test]
    fn scopes_that_fit_make_a_header_that_is_read_and_few_others_are_refused() {
        let most = (0..3000).step_by(10).rfind(|count| fit(&scopes(*count))).unwrap();
        let longest = header(&scopes(most));
        assert!(Header::parse(&longest).is_ok());
        assert!(longest.len() > MAX_AUTHORIZATION_HEADER * 9 / 10, "{most} scopes: {} bytes", longest.len());
        assert!((0..most).step_by(100).all(|count| fit(&scopes(count))));
    }
}
