//! How a number came about, in a form that commands and pages can show without knowing the formulas.

use std::fmt;

use serde::Serialize;

/// Where an operand was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    TaskQueue,
    Workers,
    LaunchLedger,
    PoolConfig,
    Settings,
    Learned,
    /// The step of this name.
    Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Operand {
    pub name: &'static str,
    pub value: f64,
    pub source: Source,
}

/// `name = formula`, with the numbers that went in and the one that came out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    pub name: &'static str,
    pub value: f64,
    pub formula: &'static str,
    pub operands: Vec<Operand>,
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} = {}", self.name, self.value, self.formula)?;
        for (at, operand) in self.operands.iter().enumerate() {
            write!(out, "{} {} {}", if at == 0 { ":" } else { "," }, operand.name, operand.value)?;
        }
        Ok(())
    }
}

#[derive(Default)]
pub(super) struct Steps(pub(super) Vec<Step>);

impl Steps {
    /// Records the step and returns its value.
    pub(super) fn add(
        &mut self,
        name: &'static str,
        value: f64,
        formula: &'static str,
        operands: &[(&'static str, f64, Source)],
    ) -> f64 {
        let operands = operands.iter().map(|(name, value, source)| Operand { name, value: *value, source: *source });
        self.0.push(Step { name, value, formula, operands: operands.collect() });
        value
    }
}
