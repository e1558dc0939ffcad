//! Batches acknowledgements: `basic.ack` with `multiple` covers all deliveries up to a tag.

use std::collections::BTreeMap;

/// A batch is sent at the latest with this many deliveries.
const MAX_BATCH: u64 = 50;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ack {
    /// This one and all before it.
    UpTo(u64),
    One(u64),
}

/// The deliveries of one channel. The broker counts tags from one without gaps.
#[derive(Debug, Default)]
pub(super) struct Acks {
    /// All tags up to this one are settled, done or rejected.
    settled: u64,
    /// The highest done tag among them that is not acknowledged yet. Not simply `settled`: the broker closes the channel on an
    /// acknowledgement of a tag that is not open any more, as a rejected one is.
    done: Option<u64>,
    acknowledged: u64,
    /// Settled before an earlier tag: true for done and not acknowledged yet.
    ahead: BTreeMap<u64, bool>,
    /// How many of `ahead` are done and not acknowledged: counted, because every step of a consumer asks.
    ahead_done: usize,
}

impl Acks {
    /// Returns an acknowledgement if one is due now.
    pub(super) fn done(&mut self, tag: u64) -> Option<Ack> {
        self.settle(tag, true);
        if self.settled - self.acknowledged >= MAX_BATCH { self.batch() } else { None }
    }

    pub(super) fn rejected(&mut self, tag: u64) {
        self.settle(tag, false);
    }

    /// All acknowledgements that are due, also single ones behind a delivery that is still being processed.
    pub(super) fn flush(&mut self) -> Vec<Ack> {
        let mut due: Vec<_> = self.batch().into_iter().collect();
        for (tag, done) in &mut self.ahead {
            if std::mem::take(done) {
                due.push(Ack::One(*tag));
            }
        }
        self.ahead_done = 0;
        due
    }

    pub(super) fn is_due(&self) -> bool {
        self.done.is_some() || self.ahead_done > 0
    }

    fn batch(&mut self) -> Option<Ack> {
        self.acknowledged = self.settled;
        self.done.take().map(Ack::UpTo)
    }

    fn settle(&mut self, tag: u64, done: bool) {
        self.ahead.insert(tag, done);
        self.ahead_done += usize::from(done);
        while let Some(done) = self.ahead.remove(&(self.settled + 1)) {
            self.settled += 1;
            if done {
                self.ahead_done -= 1;
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
        assert!(acks.is_due());
        assert_eq!(acks.flush().len(), 199);
        assert!(!acks.is_due());
        assert_eq!(acks.done(1), Some(Ack::UpTo(1)));
    }

    #[test]
    fn a_rejected_tag_is_never_acknowledged() {
        let mut acks = Acks::default();
        acks.rejected(1);
        assert!(acks.flush().is_empty());
        acks.done(2);
        acks.rejected(3);
        assert_eq!(acks.flush(), [Ack::UpTo(2)]);
    }
}
