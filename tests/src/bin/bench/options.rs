//! The options of the benchmark.

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use crate::error::{BenchError, During, Result};

pub(crate) const USAGE: &str = "\
usage: ./dev bench [--quick] [--rounds N] [--only PART]... [--strict] [-o json] [--drover PROGRAM] [--amqp-url URL]

  --quick            one short round, to see that everything still works
  --rounds N         how many rounds the medians are taken of [default: 3; with --quick: 1]
  --only PART        measure only this part; may be given several times. One of: latencies load reads roles rights
                     graphs pools jobs apart (a process for each role)
  --strict           end with code 1 when a bar is missed
  -o json            one JSON object instead of the table
  --amqp-url URL     a RabbitMQ that runs already [default: one of its own, if it is installed]; queues stay behind there
  --drover PROGRAM   the program to measure [default: the one beside this program]

Each round starts a Drover of its own, with an embedded PostgreSQL in a temporary folder. Rates are compared with what
pgbench commits on the very same server in the same minute; all else runs best while the machine does nothing else.
The code is 0 when everything could be measured, whether or not the bars were held; 1 when not; 2 for unknown flags.";

/// The flags of one run.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) plan: Plan,
    pub(crate) rounds: usize,
    /// Empty: all.
    pub(crate) only: Vec<Part>,
    pub(crate) strict: bool,
    pub(crate) json: bool,
    pub(crate) program: Option<PathBuf>,
    pub(crate) amqp_url: Option<String>,
}

/// How long and how often things are done in one round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Load that is not counted, so that connections and plans are there.
    pub(crate) warm_up: Duration,
    pub(crate) load: Duration,
    /// There are two baselines in a round, one before the load and one after it.
    pub(crate) baseline: Duration,
    pub(crate) samples: usize,
    pub(crate) chains: usize,
}

const FULL: Plan = Plan {
    warm_up: Duration::from_secs(1),
    load: Duration::from_secs(5),
    baseline: Duration::from_secs(3),
    samples: 200,
    chains: 10,
};

const QUICK: Plan = Plan {
    warm_up: Duration::from_millis(500),
    load: Duration::from_secs(2),
    baseline: Duration::from_secs(2),
    samples: 40,
    chains: 3,
};

/// What the command line means. `None`: it asks for help.
pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Option<Options>> {
    let mut options =
        Options { plan: FULL, rounds: 0, only: Vec::new(), strict: false, json: false, program: None, amqp_url: None };
    let (mut quick, mut arguments) = (false, arguments.into_iter());
    while let Some(flag) = arguments.next() {
        let mut value = || arguments.next().during(&format!("{flag} needs a value"));
        match flag.as_str() {
            "--quick" => quick = true,
            "--strict" => options.strict = true,
            "--rounds" => options.rounds = value()?.parse::<NonZeroUsize>().during("--rounds")?.get(),
            "--only" => options.only.push(Part::named(&value()?)?),
            "--drover" => options.program = Some(value()?.into()),
            "--amqp-url" => options.amqp_url = Some(value()?),
            "-o" | "--output" => options.json = is_json(&value()?)?,
            "-h" | "--help" => return Ok(None),
            _ => return Err(BenchError::new(format!("there is no flag `{flag}`"))),
        }
    }
    if quick {
        options.plan = QUICK;
    }
    if options.rounds == 0 {
        options.rounds = if quick { 1 } else { 3 };
    }
    Ok(Some(options))
}

/// What is measured together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Latencies,
    Load,
    Reads,
    Roles,
    Rights,
    Graphs,
    Pools,
    Jobs,
    Apart,
}

impl Part {
    const ALL: [(&str, Self); 9] = [
        ("latencies", Self::Latencies),
        ("load", Self::Load),
        ("reads", Self::Reads),
        ("roles", Self::Roles),
        ("rights", Self::Rights),
        ("graphs", Self::Graphs),
        ("pools", Self::Pools),
        ("jobs", Self::Jobs),
        ("apart", Self::Apart),
    ];

    fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, part)| *part).during(&format!("--only has no part `{name}`"))
    }
}

impl Options {
    pub(crate) fn has(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

fn is_json(format: &str) -> Result<bool> {
    match format {
        "json" => Ok(true),
        "text" => Ok(false),
        other => Err(BenchError::new(format!("-o takes `text` or `json`, not `{other}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(flags: &[&str]) -> Result<Option<Options>> {
        parse(flags.iter().map(ToString::to_string))
    }

    #[test]
    fn flags_say_how_much_is_done() {
        let plain = parsed(&[]).unwrap().unwrap();
        assert_eq!((plain.rounds, plain.plan.samples), (3, FULL.samples));
        let quick = parsed(&["--quick", "-o", "json", "--strict"]).unwrap().unwrap();
        assert_eq!((quick.rounds, quick.plan.samples, quick.json, quick.strict), (1, QUICK.samples, true, true));
        assert_eq!(parsed(&["--rounds", "5", "--quick"]).unwrap().unwrap().rounds, 5);
        assert!(quick.has(Part::Load));
        let one = parsed(&["--only", "apart"]).unwrap().unwrap();
        assert!(one.has(Part::Apart) && !one.has(Part::Load));
        assert!(parsed(&["--help"]).unwrap().is_none());
    }

    #[test]
    fn a_flag_that_is_wrong_is_named() {
        for (flags, word) in [
            (&["--rounds", "0"][..], "--rounds"),
            (&["--fast"], "--fast"),
            (&["--only", "x"], "--only"),
            (&["-o"], "-o"),
        ] {
            assert!(parsed(flags).unwrap_err().to_string().contains(word), "{flags:?}");
        }
    }
}
