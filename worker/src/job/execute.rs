//! Running the commands of a task.

use std::{collections::BTreeMap, time::Duration};

use base::Shutdown;
use protocol::state::ReasonResolved;
use tokio::time::Instant;

use super::{Job, Outcome, environment::MARK};
use crate::{
    isolation::end_marked,
    mount::{MountError, MountedCache, Mounter},
    payload::Payload,
    process::{self, CommandEnd, CommandSpec},
    proxy::Proxy,
    shell::ShellEndpoint,
};

#[derive(Debug, PartialEq, Eq)]
enum Interrupt {
    Stop,
    Lost(String),
    TooLong,
    /// More bytes than this are on the disk.
    DiskFull(u64),
}

impl Job {
    /// Mounts, runs the commands, ends leftover processes, stores artifacts: in that order, and leftovers are always ended.
    pub(super) async fn execute(&self, payload: &Payload) -> Outcome {
        let mounted = tokio::select! {
            mounted = self.prepare(payload) => mounted,
            interrupt = self.interrupted(None) => Err(self.interrupted_outcome(interrupt)),
        };
        // The caches are returned when this function ends: after the artifacts, and when no process of the task runs any more.
        let (outcome, _caches) = match mounted {
            Ok(caches) => (self.run_with(payload, &caches).await, caches),
            Err(outcome) => (outcome, Vec::new()),
        };
        let outcome = self.end_all(outcome).await;
        match outcome {
            Outcome::Completed | Outcome::Failed => tokio::select! {
                outcome = self.store_artifacts(payload, outcome) => outcome,
                interrupt = self.interrupted(None) => self.interrupted_outcome(interrupt),
            },
            // The run is retried, or no longer claimed: its artifacts are not needed.
            other => other,
        }
    }

    async fn run_with(&self, payload: &Payload, caches: &[MountedCache]) -> Outcome {
        match self.start_proxy(payload).await {
            Ok(proxy) => {
                let env = self.environment(payload, proxy.as_ref());
                match self.open_shells(payload).await {
                    Some(shells) => self.run_beside(shells, payload, &env, caches).await,
                    None => self.run_commands(payload, &env, caches).await,
                }
            }
            Err(outcome) => outcome,
        }
    }

    /// The shells end with the commands.
    async fn run_beside(
        &self,
        shells: ShellEndpoint,
        payload: &Payload,
        env: &BTreeMap<String, String>,
        caches: &[MountedCache],
    ) -> Outcome {
        let ended = Shutdown::new();
        let commands = async {
            let outcome = self.run_commands(payload, env, caches).await;
            ended.trigger();
            outcome
        };
        tokio::join!(commands, self.serve_shells(shells, env, &ended)).0
    }

    /// Ends all processes of the task, before its artifacts are stored: a process that is left could change them.
    pub(super) async fn end_all(&self, outcome: Outcome) -> Outcome {
        let ended = if self.confinement.ends_all() {
            self.confinement.end_all().await
        } else {
            Ok(end_marked(MARK, &self.mark()).await)
        };
        self.output.drain().await;
        match ended {
            Ok(0) => outcome,
            Ok(count) => {
                self.log.write_line(format!("ended {count} processes that were still running"));
                outcome
            }
            Err(error) => {
                tracing::error!(task.id = %self.claim.status.task_id, %error, "cannot end the processes of a task");
                self.log.write_error(format!("processes of the task could not be ended: {error}"));
                self.context.report_error("cannot end the processes of a task", &error, &self.claim).await;
                Outcome::Exception(ReasonResolved::InternalError)
            }
        }
    }

    async fn prepare(&self, payload: &Payload) -> Result<Vec<MountedCache>, Outcome> {
        let caches = self.mount(payload).await?;
        self.enter_container(payload).await?;
        Ok(caches)
    }

    async fn mount(&self, payload: &Payload) -> Result<Vec<MountedCache>, Outcome> {
        let mounter = self.mounter(payload.container.is_some(), self.context.settings.max_mount_bytes);
        mounter.mount_all(&payload.mounts).await.map_err(|error: MountError| {
            self.log.write_error(format!("mounting failed: {}", error.in_full()));
            let malformed = error.blames_payload();
            let reason = if malformed { ReasonResolved::MalformedPayload } else { ReasonResolved::IntermittentTask };
            Outcome::Exception(reason)
        })
    }

    pub(super) fn mounter(&self, is_container: bool, max_bytes: u64) -> Mounter<'_> {
        let (caches, cache_scope) = if is_container {
            (&self.context.container_caches, "docker-worker:cache:")
        } else {
            (&self.context.caches, "generic-worker:cache:")
        };
        Mounter {
            client: self.claim_keeper.client(),
            worker: &self.context.client,
            pool: &self.context.settings.task_queue_id,
            task_directory: self.directory.files(),
            downloads: self.directory.downloads(),
            confinement: &self.confinement,
            max_bytes,
            task_id: self.claim.status.task_id,
            dependencies: &self.claim.task.dependencies,
            scopes: &self.claim.task.scopes,
            caches,
            cache_scope,
            log: &self.log,
        }
    }

    async fn start_proxy(&self, payload: &Payload) -> Result<Option<Proxy>, Outcome> {
        if !payload.features.taskcluster_proxy {
            return Ok(None);
        }
        let proxy = Proxy::start(
            self.context.client.clone(),
            self.claim_keeper.credentials(),
            self.confinement.sandbox(),
            &self.context.rng,
        )
        .await;
        proxy.map(Some).map_err(|error| {
            self.log.write_error(format!("the proxy could not be started: {error}"));
            Outcome::Exception(ReasonResolved::IntermittentTask)
        })
    }

    /// Each command in order; the first that fails decides the outcome.
    async fn run_commands(
        &self,
        payload: &Payload,
        env: &BTreeMap<String, String>,
        caches: &[MountedCache],
    ) -> Outcome {
        let limit = Instant::now() + Duration::from_secs(payload.max_run_time);
        self.log.write_line("=== Task Starting ===");
        for (number, command) in self.commands(payload).iter().enumerate() {
            self.log.write_line(format!("Executing command {number}: {}", shown(command)));
            let order = CommandSpec {
                command,
                env,
                directory: &self.task_path(),
                output: &self.output,
                confinement: &self.confinement,
                grace: self.context.settings.kill_grace,
            };
            let started = Instant::now();
            let ended = process::run(&order, self.interrupted(Some(limit))).await;
            self.output.drain().await;
            let outcome = match ended {
                Ok(CommandEnd::Interrupted(Interrupt::TooLong)) => {
                    self.log.write_error(format!("stopped: maxRunTime of {} s is over", payload.max_run_time));
                    Outcome::Failed
                }
                Ok(CommandEnd::Interrupted(interrupt)) => self.interrupted_outcome(interrupt),
                Ok(CommandEnd::Code(code)) => {
                    let words = format!("command {number} ended with exit code {code} after {}", took(started));
                    if code == 0 {
                        self.log.write_line(words);
                    } else {
                        self.log.write_error(words);
                    }
                    for cache in caches {
                        cache.discard_on(payload, code);
                    }
                    outcome_of(payload, code)
                }
                Ok(CommandEnd::Signal(signal)) => {
                    self.log
                        .write_error(format!("command {number} was ended by signal {signal} after {}", took(started)));
                    outcome_of(payload, 128 + signal)
                }
                Err(error) => {
                    self.log.write_error(format!("command {number} could not be started: {error}"));
                    Outcome::Failed
                }
            };
            if outcome != Outcome::Completed {
                self.tell_of_memory();
                return outcome;
            }
        }
        Outcome::Completed
    }

    /// The reason that a killed command does not know itself.
    fn tell_of_memory(&self) {
        let (kills, limit) = (self.confinement.memory_kills(), self.context.isolation.limits().memory);
        if let Some(limit) = limit.filter(|_| kills > 0) {
            self.log.write_error(format!("memory limit of {limit} bytes reached: {kills} processes were killed"));
        }
    }

    /// Returns when there is a reason to end the running command.
    async fn interrupted(&self, limit: Option<Instant>) -> Interrupt {
        let too_long = async {
            match limit {
                Some(limit) => tokio::time::sleep_until(limit).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.context.stop.wait() => Interrupt::Stop,
            why = self.claim_keeper.until_lost() => Interrupt::Lost(why),
            () = too_long => Interrupt::TooLong,
            used = self.disk_is_full() => Interrupt::DiskFull(used),
        }
    }

    fn interrupted_outcome(&self, interrupt: Interrupt) -> Outcome {
        match interrupt {
            Interrupt::Stop => {
                self.log.write_error("stopped: this worker is shutting down; the queue will run the task elsewhere");
                Outcome::Exception(ReasonResolved::WorkerShutdown)
            }
            Interrupt::Lost(why) => {
                self.log.write_error(format!("stopped: {why}"));
                Outcome::Lost(why)
            }
            Interrupt::TooLong => Outcome::Failed,
            Interrupt::DiskFull(used) => {
                let limit = self.context.isolation.limits().disk;
                self.log.write_error(format!("stopped: disk limit of {limit} bytes reached, {used} bytes are in use"));
                Outcome::Failed
            }
        }
    }
}

fn outcome_of(payload: &Payload, code: i32) -> Outcome {
    match code {
        0 => Outcome::Completed,
        code if payload.on_exit_status.retry.contains(&code) => Outcome::Exception(ReasonResolved::IntermittentTask),
        _ => Outcome::Failed,
    }
}

fn took(since: Instant) -> String {
    format!("{:.3} s", since.elapsed().as_secs_f64())
}

/// As one would type it in a shell.
fn shown(command: &[String]) -> String {
    let quoted = command.iter().map(|part| {
        let plain = !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c));
        if plain { part.clone() } else { format!("'{}'", part.replace('\'', r"'\''")) }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let command = ["sh", "-c", "echo it's"].map(str::to_owned);
        assert_eq!(shown(&command), r"sh -c 'echo it'\''s'");
    }
}
