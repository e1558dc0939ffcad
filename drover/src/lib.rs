//! The one program: it reads settings, wires the services and starts the roles it is asked for; and it is the client
//! people type. A library, so that a program with further services is a `main` of one line.

mod action_command;
mod app;
mod artifact_command;
mod artifact_list;
mod bridge_command;
mod broker;
mod bus_command;
mod cli;
mod client;
mod clients;
mod completions_command;
mod config_command;
mod confirm;
mod credentials;
mod data_dir;
mod database;
mod db_command;
mod dev;
mod dev_workers;
mod exit;
mod explain;
mod explain_delivery;
mod exposed;
mod global;
mod group_command;
mod hook_command;
mod ids;
mod json_file;
mod notify_command;
mod one_task;
mod output;
mod ping_command;
mod pool_command;
mod preflight_command;
mod progress;
mod push_command;
mod run;
mod serve;
mod service;
mod services;
mod settings;
mod simulate_command;
mod simulated_pool;
mod system_context;
mod task_command;
mod task_log;
mod task_shell;
mod ui_command;
mod worker_command;

use std::process::ExitCode;

use cli::Cli;
use exit::{CliError, Exit};
use service::Registry;
pub use service::{Actors, Children, Context, Role, RoleSet, Service, StartError};
pub use services::{notify_relay, services};
use system_context::SystemContext;

/// Does what the command line says, with these services.
pub fn main(services: Vec<&'static dyn Service>) -> ExitCode {
    // Before anything starts a thread: this process changes its own namespaces.
    if std::env::args_os().nth(1).is_some_and(|command| command == worker::INIT_COMMAND) {
        return worker::run_init();
    }
    // Whoever speaks TLS first needs to find it; a second installation is harmless.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let registry = Registry::new(services);
    // Nothing has used a reference yet.
    let extended = protocol::reference::extend(registry.references());
    let cli = Cli::from_command_line(registry);
    let (output, system) = (cli.output(), SystemContext::system());
    let ended = extended
        .map_err(|error| CliError::new(Exit::Failed, error))
        .and_then(|()| start_runtime())
        .and_then(|runtime| runtime.block_on(cli.run(&system, &output)));
    match ended {
        Ok(exit) => exit.code(),
        Err(error) => {
            output.error(&error);
            error.exit.code()
        }
    }
}

fn start_runtime() -> Result<tokio::runtime::Runtime, CliError> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.map_err(|error| CliError::new(Exit::Failed, format!("the runtime cannot be started: {error}")))
}
