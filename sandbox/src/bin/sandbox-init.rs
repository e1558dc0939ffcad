//! The helper process alone, for the tests of this crate. The program `drover` has it as a command.

fn main() -> std::process::ExitCode {
    sandbox::run_init()
}
