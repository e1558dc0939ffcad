//! When keys change, what an older key sealed is sealed anew. Once that is done the older key can be taken out of the
//! settings. It is done again and again, since processes with the older settings may still be writing.

use std::time::Duration;

use db::secrets::StoredSecret;

use super::{Result, SecretError, Secrets, purpose};
use crate::kit::{Child, Next, Periodic, Schedule};

const EVERY: Duration = Duration::from_mins(10);
const ROWS: i32 = 500;

impl Secrets {
    /// To be supervised. Several processes may run one.
    pub fn resealer(&self) -> Child {
        let secrets = self.clone();
        Schedule::every(EVERY, self.rng.clone()).child("secrets/reseal", move |_| Resealer(secrets.clone())).0
    }

    /// Seals with the newest key what another one sealed; how many secrets. One that cannot be opened is logged and
    /// stays as it is: its key may come back.
    pub async fn reseal(&self) -> Result<usize> {
        let (mut after, mut count) = (None, 0);
        loop {
            let rows = self.db.secrets_all(after.as_deref(), ROWS).await?;
            for stored in rows.iter().filter(|stored| self.keys.is_old(&stored.sealed)) {
                count += usize::from(self.reseal_one(stored).await?);
            }
            match rows.into_iter().last() {
                Some(last) => after = Some(last.name),
                None => return Ok(count),
            }
        }
    }

    async fn reseal_one(&self, stored: &StoredSecret) -> Result<bool> {
        let name = &stored.name;
        let text = match self.open(stored) {
            Ok(text) => text,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(secret.name = name, error, "a secret cannot be opened");
                return Ok(false);
            }
        };
        let sealed = self.keys.seal(&text, &purpose(name), &self.rng);
        self.db.secret_reseal(name, &stored.sealed, &sealed).await?;
        Ok(true)
    }
}

struct Resealer(Secrets);

impl Periodic for Resealer {
    type Error = SecretError;

    async fn run(&mut self) -> Result<Next> {
        let secrets = self.0.reseal().await?;
        if secrets == 0 {
            return Ok(Next::IDLE);
        }
        tracing::info!(secrets, "secrets resealed with the newest key");
        Ok(Next::DONE)
    }
}
