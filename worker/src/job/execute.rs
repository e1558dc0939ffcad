//! Running the commands of a task.

use std::{collections::BTreeMap, time::Duration};

use protocol::state::ReasonResolved;
use tokio::time::Instant;

use super::{Job, Outcome, environment::MARK};
use crate::{
    isolation::end_marked,
    mount::{Borrowed, MountError, Mounter},
    payload::Payload,
    process::{self, Ended, Order},
    proxy::Proxy,
};

/// Why a command is ended before its time.
#[derive(Debug, PartialEq, Eq)]
enum Interrupt {
    Stop,
    Lost(String),
    TooLong,
}

impl Job {
    /// Mounts, runs, clears up, stores artifacts. In that order, and the clearing up always.
    pub(super) async fn execute(&self, payload: &Payload) -> Outcome {
        let mounted = tokio::select! {
            mounted = self.mount(payload) => mounted,
            interrupt = self.interrupted(None) => Err(self.give_up(interrupt)),
        };
        // The caches go back to their shelf when this ends: after the artifacts, and when nothing runs any more.
        let (outcome, _caches) = match mounted {
            Ok(caches) => (self.run_with(payload, &caches).await, caches),
            Err(outcome) => (outcome, Vec::new()),
        };
        let outcome = self.end_all(outcome).await;
        match outcome {
            Outcome::Completed | Outcome::Failed => tokio::select! {
                outcome = self.store_artifacts(payload, outcome) => outcome,
                interrupt = self.interrupted(None) => self.give_up(interrupt),
            },
            // The run will be made again, or is no longer ours: nobody would look at its artifacts.
            other => other,
        }
    }

    async fn run_with(&self, payload: &Payload, caches: &[Borrowed]) -> Outcome {
        match self.start_proxy(payload).await {
            Ok(proxy) => self.run_commands(payload, &self.environment(payload, proxy.as_ref()), caches).await,
            Err(outcome) => outcome,
        }
    }

    /// Ends whatever the task has started. What cannot be ended could change what is stored next.
    async fn end_all(&self, outcome: Outcome) -> Outcome {
        let ended = if self.confinement.ends_all() {
            self.confinement.end_all().await
        } else {
            Ok(end_marked(MARK, &self.mark()).await)
        };
        self.output.drain().await;
        match ended {
            Ok(0) => outcome,
            Ok(count) => {
                self.log.say(format!("ended {count} processes that were still running"));
                outcome
            }
            Err(error) => {
                tracing::error!(task.id = %self.claim.status.task_id, %error, "processes of a task live on");
                self.log.say(format!("processes of the task could not be ended: {error}"));
                Outcome::Exception(ReasonResolved::InternalError)
            }
        }
    }

    async fn mount(&self, payload: &Payload) -> Result<Vec<Borrowed>, Outcome> {
        let mounter = Mounter {
            client: self.hold.client(),
            worker: &self.shop.client,
            pool: &self.shop.settings.task_queue_id,
            task_directory: self.directory.files(),
            downloads: &self.directory.downloads(),
            confinement: &self.confinement,
            max_bytes: self.shop.settings.max_mount_bytes,
            task_id: self.claim.status.task_id,
            dependencies: &self.claim.task.dependencies,
            scopes: &self.claim.task.scopes,
            caches: &self.shop.caches,
            log: &self.log,
        };
        mounter.mount_all(&payload.mounts).await.map_err(|error: MountError| {
            self.log.say(format!("mounting failed: {}", error.in_full()));
            let malformed = error.blames_payload();
            let reason = if malformed { ReasonResolved::MalformedPayload } else { ReasonResolved::IntermittentTask };
            Outcome::Exception(reason)
        })
    }

    async fn start_proxy(&self, payload: &Payload) -> Result<Option<Proxy>, Outcome> {
        if !payload.features.taskcluster_proxy {
            return Ok(None);
        }
        let proxy =
            Proxy::start(self.shop.client.clone(), self.hold.credentials(), self.confinement.uid(), &self.shop.rng)
                .await;
        proxy.map(Some).map_err(|error| {
            self.log.say(format!("the proxy could not be started: {error}"));
            Outcome::Exception(ReasonResolved::IntermittentTask)
        })
    }

    /// Each command in order; the first that does not end well decides.
    async fn run_commands(&self, payload: &Payload, env: &BTreeMap<String, String>, caches: &[Borrowed]) -> Outcome {
        let limit = Instant::now() + Duration::from_secs(payload.max_run_time);
        for (number, command) in payload.command.iter().enumerate() {
            self.log.say(format!("command {number}: {}", shown(command)));
            let order = Order {
                command,
                env,
                directory: &self.directory.task(),
                output: &self.output,
                confinement: &self.confinement,
                grace: self.shop.settings.kill_grace,
            };
            let started = Instant::now();
            let ended = process::run(&order, self.interrupted(Some(limit))).await;
            self.output.drain().await;
            let outcome = match ended {
                Ok(Ended::Interrupted(Interrupt::TooLong)) => {
                    self.log.say(format!("stopped: maxRunTime of {} s is over", payload.max_run_time));
                    Outcome::Failed
                }
                Ok(Ended::Interrupted(interrupt)) => self.give_up(interrupt),
                Ok(Ended::Code(code)) => {
                    self.log.say(format!("command {number} ended with exit code {code} after {}", took(started)));
                    for cache in caches {
                        cache.judge(payload, code);
                    }
                    judge(payload, code)
                }
                Ok(Ended::Signal(signal)) => {
                    self.log.say(format!("command {number} was ended by signal {signal} after {}", took(started)));
                    judge(payload, 128 + signal)
                }
                Err(error) => {
                    self.log.say(format!("command {number} could not be started: {error}"));
                    Outcome::Failed
                }
            };
            if outcome != Outcome::Completed {
                return outcome;
            }
        }
        Outcome::Completed
    }

    /// Returns when there is a reason to end what is running.
    async fn interrupted(&self, limit: Option<Instant>) -> Interrupt {
        let too_long = async {
            match limit {
                Some(limit) => tokio::time::sleep_until(limit).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.shop.stop.wait() => Interrupt::Stop,
            why = self.hold.until_lost() => Interrupt::Lost(why),
            () = too_long => Interrupt::TooLong,
        }
    }

    fn give_up(&self, interrupt: Interrupt) -> Outcome {
        match interrupt {
            Interrupt::Stop => {
                self.log.say("stopped: this worker is shutting down; the queue will run the task elsewhere");
                Outcome::Exception(ReasonResolved::WorkerShutdown)
            }
            Interrupt::Lost(why) => {
                self.log.say(format!("stopped: {why}"));
                Outcome::Lost(why)
            }
            Interrupt::TooLong => Outcome::Failed,
        }
    }
}

fn judge(payload: &Payload, code: i32) -> Outcome {
    match code {
        0 => Outcome::Completed,
        code if payload.on_exit_status.retry.contains(&code) => Outcome::Exception(ReasonResolved::IntermittentTask),
        _ => Outcome::Failed,
    }
}

fn took(since: Instant) -> String {
    format!("{:.3} s", since.elapsed().as_secs_f64())
}

/// As one would type it, more or less.
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
