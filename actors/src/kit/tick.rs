//! A timer that cannot pile up behind slow work.

use std::time::Duration;

use ractor::{ActorRef, Message, MessagingErr, concurrency::JoinHandle};
use tracing::Span;

/// One pending wake-up of one actor, kept in the actor's state.
///
/// The actor arms it as the last line of its work, so a slow round delays the next one
/// instead of queueing it. Arming again replaces what is pending; dropping it cancels.
pub struct Tick {
    part: &'static str,
    pending: Option<Abort>,
}

impl Tick {
    /// `part` names the actor in the root spans of its ticks.
    pub const fn new(part: &'static str) -> Self {
        Self { part, pending: None }
    }

    /// Sends `message` after the delay, unless armed again before.
    pub fn again<M, F>(&mut self, myself: &ActorRef<M>, after: Duration, message: F)
    where
        M: Message,
        F: FnOnce() -> M + Send + 'static,
    {
        let timer: JoinHandle<Result<(), MessagingErr<M>>> = myself.send_after(after, message);
        self.pending = Some(Abort(timer.abort_handle()));
    }

    /// A span without a parent for the work of one tick, which nobody's request caused.
    /// Without it the work would fall into the actor's own endless span.
    pub fn root_span(&self) -> Span {
        tracing::info_span!(parent: None, "tick", part = self.part)
    }
}

struct Abort(tokio::task::AbortHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ractor::{Actor, ActorProcessingErr, ActorRef};
    use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

    use super::Tick;

    enum Msg {
        Hint(u32),
        Look(u32),
    }

    struct Looker(UnboundedSender<u32>);

    impl Actor for Looker {
        type Msg = Msg;
        type State = Tick;
        type Arguments = ();

        async fn pre_start(&self, _: ActorRef<Msg>, (): ()) -> Result<Tick, ActorProcessingErr> {
            Ok(Tick::new("looker"))
        }

        async fn handle(&self, myself: ActorRef<Msg>, msg: Msg, tick: &mut Tick) -> Result<(), ActorProcessingErr> {
            match msg {
                Msg::Hint(number) => {
                    tick.again(&myself, Duration::from_millis(number.into()), move || Msg::Look(number));
                }
                Msg::Look(number) => self.0.send(number)?,
            }
            Ok(())
        }
    }

    #[tokio::test]
    async fn ten_hints_leave_one_tick() {
        let (sender, mut seen) = unbounded_channel();
        let (looker, ended) = Actor::spawn(None, Looker(sender), ()).await.unwrap();
        for number in 1..=10 {
            looker.send_message(Msg::Hint(10 * number)).unwrap();
        }

        assert_eq!(seen.recv().await, Some(100), "the later hint replaces the earlier tick");
        looker.stop(None);
        ended.await.unwrap();
        assert_eq!(seen.recv().await, None);
    }
}
