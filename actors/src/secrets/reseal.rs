//! When keys change, what an older key sealed is sealed anew. Once that is done the older key can be taken out of the
//! settings. It is done again and again, since processes with the older settings may still be writing.

use std::time::Duration;

use db::secrets::StoredSecret;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tracing::Instrument;

use super::{Answer, Secrets, purpose};
use crate::kit::{Child, Restart, Tick};

const NAME: &str = "secrets/reseal";
const EVERY: Duration = Duration::from_mins(10);
const ROWS: i32 = 500;

impl Secrets {
    /// To be supervised. Several processes may run one.
    pub fn resealer(&self) -> Child {
        let secrets = self.clone();
        Child::new(NAME, Restart::Always, move || (Resealer { secrets: secrets.clone() }, ())).0
    }

    /// Seals with the newest key what another one sealed; how many secrets. One that cannot be opened is told of in
    /// the log and left as it is: its key may come back.
    pub async fn reseal(&self) -> Answer<usize> {
        let (mut after, mut count) = (None, 0);
        loop {
            let rows = self.db.secrets_all(after.as_deref(), ROWS).await?;
            for stored in rows.iter().filter(|stored| self.ring.is_old(&stored.sealed)) {
                count += usize::from(self.reseal_one(stored).await?);
            }
            match rows.into_iter().last() {
                Some(last) => after = Some(last.name),
                None => return Ok(count),
            }
        }
    }

    async fn reseal_one(&self, stored: &StoredSecret) -> Answer<bool> {
        let name = &stored.name;
        let text = match self.open(stored) {
            Ok(text) => text,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(secret.name = name, error, "a secret cannot be opened");
                return Ok(false);
            }
        };
        let sealed = self.ring.seal(&text, &purpose(name), &self.rng);
        self.db.secret_reseal(name, &stored.sealed, &sealed).await?;
        Ok(true)
    }
}

struct Resealer {
    secrets: Secrets,
}

/// The only thing it is told.
struct Look;

impl Actor for Resealer {
    type Msg = Look;
    type State = Tick;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Look>, (): ()) -> Result<Tick, ActorProcessingErr> {
        let mut tick = Tick::new(NAME);
        tick.again(&myself, Duration::ZERO, || Look);
        Ok(tick)
    }

    async fn handle(&self, myself: ActorRef<Look>, Look: Look, tick: &mut Tick) -> Result<(), ActorProcessingErr> {
        match self.secrets.reseal().instrument(tick.root_span()).await {
            Ok(0) => {}
            Ok(secrets) => tracing::info!(secrets, "secrets were sealed with the newest key"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "secrets could not be sealed anew; the next tick tries again");
            }
        }
        tick.again(&myself, self.secrets.rng.jitter(EVERY), || Look);
        Ok(())
    }
}
