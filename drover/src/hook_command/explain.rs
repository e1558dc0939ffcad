//! `drover explain hook`: why a hook fires or does not.

use serde_json::Value;
use worker::client::segment;

use super::HookPath;
use crate::{client::Server, exit::CliError, output::Output};

/// `at`: why it did not fire then.
pub(crate) async fn explain(
    server: &Server,
    hook: &HookPath,
    at: Option<&str>,
    output: Output,
) -> Result<(), CliError> {
    let query = at.map_or_else(String::new, |at| format!("?at={}", segment(at)));
    let explanation: Value = server.0.get(&format!("drover/v1/hook/{}/explain{query}", hook.path())).await?;
    output.either(&explanation, &format!("{}/{}\n{}", hook.group, hook.id, lines(&explanation)));
    Ok(())
}

/// The reasons, and the latest fires below.
pub(super) fn lines(explanation: &Value) -> String {
    let list = |field: &str| explanation[field].as_array().cloned().unwrap_or_default();
    let reasons = list("reasons").into_iter().map(|reason| format!("  - {}", reason.as_str().unwrap_or_default()));
    let fires = list("fires").into_iter().map(|fire| {
        let text = |field: &str| fire[field].as_str().unwrap_or_default().to_owned();
        let (fired, by, result, task) = (text("fired"), text("firedBy"), text("result"), text("taskId"));
        let rest = if result == "success" { format!("{task} {}", text("taskState")) } else { text("error") };
        format!("  {fired} {by} {result} {rest}")
    });
    let fires: Vec<String> = fires.collect();
    let head = (!fires.is_empty()).then(|| "latest fires:".to_owned());
    let all: Vec<String> = reasons.chain(head).chain(fires).collect();
    all.join("\n")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;

    #[test]
    fn reasons_come_first_and_fires_below() {
        let fire = |result: &str| {
            json!({ "fired": "2026-11-28T00:00:00.000Z", "firedBy": "schedule", "result": result, "error": "no scope",
                    "taskId": "fN1SbArXTPSVFNUvaOlinQ", "taskState": "pending" })
        };
        let explanation = json!({ "reasons": ["it is paused"], "fires": [fire("error"), fire("success")] });
        expect![[r#"
              - it is paused
            latest fires:
              2026-11-28T00:00:00.000Z schedule error no scope
              2026-11-28T00:00:00.000Z schedule success fN1SbArXTPSVFNUvaOlinQ pending"#]]
        .assert_eq(&lines(&explanation));
    }
}
