//! The program `drover`: the library with all services of the list.

use std::process::ExitCode;

/// Under load it saves about a quarter of Drover's CPU over the system's, for some 20 % more memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    drover::main(drover::services())
}
