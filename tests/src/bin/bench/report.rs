//! What is printed in the end.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::{
    metric::{Bar, Metric, Unit},
    round::Round,
};

/// The middle of all rounds, number by number.
pub(crate) struct Report<'r> {
    rounds: &'r [Round],
    /// Only some parts were measured, and the others are left out.
    partial: bool,
}

/// One number of the report. `None`: it could not be measured.
struct Row {
    metric: Metric,
    value: Option<f64>,
    of_baseline: Option<f64>,
    held: Option<bool>,
}

impl<'r> Report<'r> {
    pub(crate) const fn new(rounds: &'r [Round], partial: bool) -> Self {
        Self { rounds, partial }
    }

    /// Whether every number was found in every round.
    pub(crate) fn is_complete(&self) -> bool {
        let complete = |round: &Round| {
            let there = |metric: &Metric| self.partial || round.found.contains_key(metric) || metric.needs_broker();
            round.failures.is_empty() && Metric::ALL.iter().all(there)
        };
        !self.rounds.is_empty() && self.rounds.iter().all(complete)
    }

    pub(crate) fn holds_all_bars(&self) -> bool {
        self.rows().all(|row| row.held != Some(false))
    }

    pub(crate) fn table(&self) -> String {
        let mut text = format!("{:<44}{:>14}{:>10}  {:<22}\n", "", "median", "ratio", "bar");
        for row in self.rows() {
            let value = row.value.map_or_else(|| "not measured".to_owned(), |value| written(value, row.metric.unit()));
            let ratio = row.of_baseline.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
            let verdict = match row.held {
                Some(true) => "ok",
                Some(false) => "MISSED",
                None => "",
            };
            let bar = bar(row.metric);
            let line = format!("{:<44}{value:>14}{ratio:>10}  {bar:<22}{verdict}", row.metric.name());
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text
    }

    pub(crate) fn json(&self, load_average: &str) -> Value {
        let rows: Vec<Value> = self.rows().map(|row| self.json_row(&row)).collect();
        let failures: Vec<&String> = self.rounds.iter().flat_map(|round| &round.failures).collect();
        json!({ "rounds": self.rounds.len(), "loadAverageBefore": load_average, "measured": rows, "failures": failures })
    }

    fn json_row(&self, row: &Row) -> Value {
        let each: Vec<Option<&f64>> = self.rounds.iter().map(|round| round.found.get(&row.metric)).collect();
        json!({
            "metric": format!("{:?}", row.metric),
            "name": row.metric.name().trim(),
            "unit": format!("{:?}", row.metric.unit()),
            "median": row.value,
            "rounds": each,
            "ofBaseline": row.of_baseline,
            "bar": Some(bar(row.metric)).filter(|bar| !bar.is_empty()),
            "held": row.held,
        })
    }

    fn rows(&self) -> impl Iterator<Item = Row> {
        let rows = Metric::ALL.iter().map(|metric| self.row(*metric));
        rows.filter(|row| !self.partial || row.value.is_some())
    }

    fn row(&self, metric: Metric) -> Row {
        let value = median(self.rounds.iter().filter_map(|round| round.found.get(&metric).copied()));
        let rates = self
            .rounds
            .iter()
            .filter_map(|round| Some(round.found.get(&metric)? / round.found.get(&Metric::Baseline)?));
        let (of_baseline, held) = match metric.bar() {
            Bar::None => (None, None),
            Bar::Below(most) => (None, value.map(|value| value < most)),
            Bar::AtLeast(least) => (None, value.map(|value| value >= least)),
            Bar::OfBaseline { least, .. } => {
                let ratio = median(rates);
                (ratio, ratio.map(|ratio| ratio >= least))
            }
        };
        Row { metric, value, of_baseline, held }
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        even if even % 2 == 0 => Some(f64::midpoint(values[middle - 1], values[middle])),
        _ => Some(values[middle]),
    }
}

fn written(value: f64, unit: Unit) -> String {
    match unit {
        Unit::PerSecond => format!("{value:.0} /s"),
        Unit::Seconds => format!("{value:.2} s"),
        Unit::Milliseconds => format!("{value:.1} ms"),
        Unit::Microseconds => format!("{value:.0} us"),
        Unit::Bytes => format!("{value:.0} B"),
        Unit::Megabytes => format!("{value:.0} MB"),
        Unit::Percent => format!("{value:.1} %"),
        Unit::Ratio => format!("{value:.2}"),
    }
}

fn bar(metric: Metric) -> String {
    match metric.bar() {
        Bar::None => String::new(),
        Bar::Below(most) => format!("below {}", written(most, metric.unit())),
        Bar::AtLeast(least) => format!("at least {}", written(least, metric.unit())),
        Bar::OfBaseline { least, aim } if aim > least => format!("{least:.2}, aim {aim:.2}"),
        Bar::OfBaseline { least, .. } => format!("{least:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(baseline: f64, create: f64) -> Round {
        let found = [(Metric::Baseline, baseline), (Metric::Create, create), (Metric::Push, 4.0)];
        Round { found: found.into(), failures: vec![] }
    }

    #[test]
    fn ratios_are_taken_within_each_round() {
        let rounds = [round(1000.0, 300.0), round(4000.0, 1300.0), round(2000.0, 100.0)];
        let report = Report::new(&rounds, false);
        let create = report.row(Metric::Create);
        assert_eq!((create.value, create.of_baseline, create.held), (Some(300.0), Some(0.3), Some(true)));
        assert!(!report.holds_all_bars(), "the graph took 4 s");
        assert!(!report.is_complete(), "most was not measured");
        assert!(report.table().contains("not measured"));
    }
}
