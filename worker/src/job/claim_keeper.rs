//! Holding on to a claim: it is made longer in good time, for as long as this lives.

use std::time::Duration;

use protocol::{
    id::{RunId, TaskId},
    time::Timestamp,
};
use tokio::{sync::watch, task::JoinSet};

use crate::client::{Claim, Client, Credentials};

/// The share of the remaining time after which a claim is made longer.
const SHARE: f64 = 0.6;
/// The pause after a reclaim that failed for no lasting reason.
const PAUSE: Duration = Duration::from_secs(1);

/// A claim that is kept up.
pub(super) struct ClaimKeeper {
    client: Client,
    credentials: watch::Receiver<Credentials>,
    lost: watch::Receiver<Option<String>>,
    /// Owns the one task that reclaims.
    _keeping: JoinSet<()>,
}

struct Reclaimer {
    client: Client,
    task_id: TaskId,
    run_id: RunId,
    taken_until: Timestamp,
    at_latest: Duration,
    credentials: watch::Sender<Credentials>,
    lost: watch::Sender<Option<String>>,
}

impl ClaimKeeper {
    pub(super) fn start(client: &Client, claim: &Claim, at_latest: Duration) -> Self {
        let (credentials, fresh) = watch::channel(claim.credentials.clone());
        let (lost, result) = watch::channel(None);
        let reclaimer = Reclaimer {
            client: client.clone(),
            task_id: claim.status.task_id,
            run_id: claim.run_id,
            taken_until: claim.taken_until,
            at_latest,
            credentials,
            lost,
        };
        let mut keeping = JoinSet::new();
        keeping.spawn(reclaimer.keep());
        Self { client: client.clone(), credentials: fresh, lost: result, _keeping: keeping }
    }

    /// A client with the task's present credentials.
    pub(super) fn client(&self) -> Client {
        self.client.signing_as(self.credentials.borrow().clone())
    }

    pub(super) fn credentials(&self) -> watch::Receiver<Credentials> {
        self.credentials.clone()
    }

    /// Returns once the run is no longer ours, with the reason.
    pub(super) async fn until_lost(&self) -> String {
        let mut lost = self.lost.clone();
        match lost.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or_default(),
            Err(_) => "nobody keeps the claim up any more".to_owned(),
        }
    }
}

impl Reclaimer {
    async fn keep(mut self) {
        let why = loop {
            tokio::time::sleep(self.remaining().mul_f64(SHARE).min(self.at_latest)).await;
            if let Err(why) = self.extend().await {
                break why;
            }
        };
        self.lost.send_replace(Some(why));
    }

    /// Tries until it works, is refused, or the claim has run out.
    async fn extend(&mut self) -> Result<(), String> {
        loop {
            let client = self.client.signing_as(self.credentials.borrow().clone());
            let answer = tokio::time::timeout(self.remaining(), client.reclaim(self.task_id, self.run_id)).await;
            match answer {
                Ok(Ok(longer)) => {
                    self.taken_until = longer.taken_until;
                    self.credentials.send_replace(longer.credentials);
                    return Ok(());
                }
                Ok(Err(error)) if !error.is_transient() => return Err(error.in_full()),
                Ok(Err(error)) => tracing::warn!(task.id = %self.task_id, %error, "a claim could not be made longer"),
                Err(_) => return Err("the claim ran out before it could be made longer".to_owned()),
            }
            tokio::time::sleep(PAUSE.min(self.remaining())).await;
        }
    }

    fn remaining(&self) -> Duration {
        (self.taken_until - self.client.clock.now()).to_std().unwrap_or_default()
    }
}
