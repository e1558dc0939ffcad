//! Shells in a running task, for those who may read its private artifact.

use std::{collections::BTreeMap, time::Duration};

use base::Shutdown;
use futures_util::{StreamExt, stream::FuturesUnordered};
use sandbox::Execution;

use super::Job;
use crate::{
    payload::Payload,
    shell::{ARTIFACT, NewSession, Session, ShellEndpoint, artifact_url},
};

const HTML: &str = "text/html; charset=utf-8";
/// How much longer than its task the artifact stays.
const GRACE: Duration = Duration::from_mins(15);
const TERMINAL: (&str, &str) = ("TERM", "xterm-256color");

impl Job {
    /// Points the artifact to the shells of this run. A task runs as well without.
    pub(super) async fn open_shells(&self, payload: &Payload) -> Option<ShellEndpoint> {
        if !payload.features.interactive {
            return None;
        }
        let endpoint = self.context.shells.open();
        let (task_id, run_id) = (self.claim.status.task_id.to_string(), self.claim.run_id.to_string());
        let url = artifact_url(&self.context.settings.root_url, &endpoint.socket_url, &task_id, &run_id);
        let lasts = Duration::from_secs(payload.max_run_time) + GRACE;
        let expires = (self.context.client.clock.now() + lasts).min(self.claim.task.expires);
        let made = self.store().reference(ARTIFACT, &url, HTML, expires).await;
        let is_known = made.is_ok();
        self.note(ARTIFACT, made);
        if !is_known {
            self.log.write_warning("there are no shells in this run");
            return None;
        }
        self.log.write_line(format!("shells can be opened: drover task shell {task_id}"));
        Some(endpoint)
    }

    /// Serves all sessions, until the commands have ended and the last one is closed.
    pub(super) async fn serve_shells(
        &self,
        mut endpoint: ShellEndpoint,
        env: &BTreeMap<String, String>,
        task_ended: &Shutdown,
    ) {
        let Some(sandbox) = self.confinement.sandbox() else { return };
        let mut env = env.clone();
        env.insert(TERMINAL.0.to_owned(), TERMINAL.1.to_owned());
        // Not a login shell: that would replace the PATH of the task.
        let command =
            ["sh", "-c", "command -v bash >/dev/null && exec bash -i; exec sh -i"].map(str::to_owned).to_vec();
        let execution = Execution { command, env, directory: self.task_path(), is_session: true };
        let session = Session { sandbox: &sandbox.sandbox, execution: &execution, task_ended };
        let mut open = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some(new) = endpoint.sessions.recv() => open.push(self.serve_shell(&session, new)),
                Some(()) = open.next() => {}
                () = task_ended.wait() => break,
            }
        }
        // Nobody else gets in.
        drop(endpoint);
        while open.next().await.is_some() {}
    }

    async fn serve_shell(&self, session: &Session<'_>, new: NewSession) {
        let NewSession { from, upgrade, permit } = new;
        self.log.write_line(format!("a shell was opened from {from}"));
        let end = session.serve(upgrade).await;
        self.log.write_line(format!("the shell from {from} was closed: {end}"));
        drop(permit);
    }
}
