//! `drover` with one service more. All that it takes is this folder, and the marked line of the list.

mod declaration;
mod greeter;
mod routes;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut services = drover::services();
    services.push(&declaration::Example); // The one line.
    drover::main(services)
}
