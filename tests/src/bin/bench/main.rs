//! The benchmark: is Drover as fast and as small as it promises to be?
//!
//! It starts a real Drover with its own database and drives it over HTTP, as its clients do. Rates are divided by what
//! pgbench commits on the same server in the same minute, so that they can be compared between machines.

mod apart;
mod client;
mod database;
mod env;
mod error;
mod events;
mod graphs;
mod jobs;
mod latency;
mod load;
mod metric;
mod options;
mod pools;
mod reads;
mod report;
mod rights;
mod roles;
mod round;
mod samples;
mod server;
mod usage;
mod work;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use ::tests::{TestDirectory, servers::Rabbitmq};
use error::{During, Result};
use options::{Options, USAGE};
use report::Report;
use round::{Broker, Round};

// One thread: what the load takes from the machine is then the same in every run.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = match options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(failure) => {
            eprintln!("bench: {failure}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match measure(&options).await {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(options: &Options) -> Result<ExitCode> {
    let program = options.program.clone().map_or_else(beside_us, Ok)?;
    let load_average = usage::load_average();
    eprintln!("{} processors, load average {load_average} before we begin", usage::processors());
    let rounds = rounds(options, &program).await?;
    let report = Report::new(&rounds, !options.only.is_empty());
    if options.json {
        println!("{:#}", report.json(&load_average));
    } else {
        print!("{}", report.table());
    }
    for failure in rounds.iter().flat_map(|round| &round.failures) {
        eprintln!("bench: not measured: {failure}");
    }
    let failed = !report.is_complete() || (options.strict && !report.holds_all_bars());
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn rounds(options: &Options, program: &Path) -> Result<Vec<Round>> {
    let folder = TestDirectory::new();
    let own = if options.amqp_url.is_none() { Rabbitmq::start(folder.path(), None) } else { None };
    let given = options.amqp_url.clone().map(|url| Broker { url, process: None });
    let broker = given.or_else(|| own.as_ref().map(|own| Broker { url: own.url(), process: own.process_id() }));
    if broker.is_none() {
        eprintln!("there is no RabbitMQ: what needs one is not measured");
    }
    let mut rounds = Vec::new();
    for number in 1..=options.rounds {
        let say = |what: &str| eprintln!("round {number} of {}: {what}", options.rounds);
        rounds.push(round::run(program, options, broker.as_ref(), say).await?);
    }
    Ok(rounds)
}

fn beside_us() -> Result<PathBuf> {
    let program = std::env::current_exe().during("finding this program")?.with_file_name("drover");
    if program.is_file() {
        return Ok(program);
    }
    Err(error::BenchError::new(format!("{} is not there; ./dev bench builds it", program.display())))
}
