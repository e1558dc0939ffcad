//! Which deliveries to acknowledge together.

use std::collections::BTreeMap;

/// Acknowledge at the latest when this many could be in one go.
const TOGETHER: u64 = 50;

/// What the broker is to be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ack {
    /// This one and all before it.
    UpTo(u64),
    One(u64),
}

/// The deliveries of one channel. Tags count from one without gaps.
#[derive(Debug, Default)]
pub(super) struct Acks {
    /// All up to this one are settled.
    settled: u64,
    /// The last done one among them that the broker does not know of yet. A tag given in an acknowledgement must
    /// still be open, so a rejected one will not do.
    done: Option<u64>,
    told: u64,
    /// Settled out of order: whether done, or rejected already.
    ahead: BTreeMap<u64, bool>,
}

impl Acks {
    /// The answer is due now, if there is one.
    pub(super) fn done(&mut self, tag: u64) -> Option<Ack> {
        self.settle(tag, true);
        if self.settled - self.told >= TOGETHER { self.together() } else { None }
    }

    pub(super) fn rejected(&mut self, tag: u64) {
        self.settle(tag, false);
    }

    /// All that is due when nothing more comes for a moment: also what waits behind a slow one.
    pub(super) fn flush(&mut self) -> Vec<Ack> {
        let mut due: Vec<_> = self.together().into_iter().collect();
        for (tag, done) in &mut self.ahead {
            if std::mem::take(done) {
                due.push(Ack::One(*tag));
            }
        }
        due
    }

    pub(super) fn is_due(&self) -> bool {
        self.done.is_some() || self.ahead.values().any(|done| *done)
    }

    fn together(&mut self) -> Option<Ack> {
        self.told = self.settled;
        self.done.take().map(Ack::UpTo)
    }

    fn settle(&mut self, tag: u64, done: bool) {
        self.ahead.insert(tag, done);
        while let Some(done) = self.ahead.remove(&(self.settled + 1)) {
            self.settled += 1;
            if done {
                self.done = Some(self.settled);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_in_a_row_are_acknowledged_together() {
        let mut acks = Acks::default();
        let due: Vec<_> = (1..=120).filter_map(|tag| acks.done(tag)).collect();
        assert_eq!(due, [Ack::UpTo(50), Ack::UpTo(100)]);
        assert_eq!(acks.flush(), [Ack::UpTo(120)]);
        assert!(!acks.is_due());
    }

    #[test]
    fn nothing_unsettled_is_acknowledged_with_others() {
        let mut acks = Acks::default();
        assert_eq!((2..=200).find_map(|tag| acks.done(tag)), None);
        assert_eq!(acks.flush().len(), 199);
        assert_eq!(acks.done(1), Some(Ack::UpTo(1)));
    }

    #[test]
    fn the_last_tag_named_is_never_a_rejected_one() {
        let mut acks = Acks::default();
        acks.rejected(1);
        assert!(acks.flush().is_empty());
        acks.done(2);
        acks.rejected(3);
        assert_eq!(acks.flush(), [Ack::UpTo(2)]);
    }
}
