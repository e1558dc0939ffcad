//! The clock of the desk: ends long polls, lets parked claimers look once more in case a wake-up was lost, and finds claims
//! whose answers were lost.

use std::time::Duration;

use base::Rng;
use db::Db;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::time::Instant;

use super::{ClaimOperation, delivery::Delivery};
use crate::kit::{Batcher, Tick};

pub(in crate::queue) struct Ticker {
    pub(in crate::queue) lanes: Batcher<ClaimOperation>,
    pub(in crate::queue) every: Duration,
    pub(in crate::queue) rng: Rng,
    pub(in crate::queue) db: Db,
}

pub(in crate::queue) struct Look;

impl Actor for Ticker {
    type Msg = Look;
    type State = Tick;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Look>, (): ()) -> Result<Tick, ActorProcessingErr> {
        let mut tick = Tick::new("queue/claim-desk");
        tick.again(&myself, self.every, || Look);
        Ok(tick)
    }

    async fn handle(&self, myself: ActorRef<Look>, Look: Look, tick: &mut Tick) -> Result<(), ActorProcessingErr> {
        let (over, look) = self.lanes.operation().desk().sweep(Instant::now());
        for waiting in over {
            let _ = waiting.reply.send(Ok(Delivery::nothing()));
        }
        self.lanes.resubmit(look);
        self.lanes.operation().look_for_unanswered(&self.lanes, &self.db, self.every * 2).await;
        tick.again(&myself, self.rng.jitter(self.every), || Look);
        Ok(())
    }
}
