//! What is counted.

use std::sync::LazyLock;

use base::telemetry::{Counter, Label};
use db::hooks::{FireResult, FiredBy};

static FIRES: LazyLock<Counter> =
    LazyLock::new(|| Counter::new("hooks", "drover.hooks.fires", "{fire}", "Fires of hooks, by cause and result"));

static DISCARDED: LazyLock<Counter> = LazyLock::new(|| {
    let about = "Messages of the bus that reached a hook and fired nothing";
    Counter::new("hooks", "drover.hooks.messages_discarded", "{message}", about)
});

pub(super) fn fired(by: FiredBy, result: FireResult) {
    FIRES.add(1, &[Label::new("fired_by", by.as_str()), Label::new("result", result.as_str())]);
}

pub(super) fn discarded() {
    DISCARDED.add(1, &[]);
}
