//! The web hook. Its replies are plain text, which GitHub shows in its list of deliveries.

use std::sync::Arc;

use actors::github::{Github, Incoming, Received};

use crate::http::{ApiResponse, ApiResult, Call, SMALL_BODY, full};

pub(super) async fn receive(github: Arc<Github>, call: Call) -> ApiResult {
    let checked = if call.context().raw().len() > SMALL_BODY {
        let (github, pool) = (github.clone(), call.cpu_pool().clone());
        // The call holds the memory of its body until then.
        pool.run(move || github.check(&incoming(&call))).await??
    } else {
        github.check(&incoming(&call))?
    };
    Ok(match github.receive(&checked).await? {
        Received::Stored => ApiResponse::no_content(),
        Received::Taken => text("This delivery has been taken in already.\n".to_owned()),
        Received::Ignored(why) => text(format!("Nothing to do: {why}.\n")),
    })
}

fn incoming(call: &Call) -> Incoming<'_> {
    Incoming {
        event: call.header("x-github-event"),
        delivery_id: call.header("x-github-delivery"),
        signature: call.header("x-hub-signature-256"),
        body: call.context().raw(),
    }
}

fn text(text: String) -> ApiResponse {
    ApiResponse::bytes("text/plain; charset=utf-8", full(text))
}
