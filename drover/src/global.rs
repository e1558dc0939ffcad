//! Options of every command, and what several commands need.

use std::path::PathBuf;

use base::{Secret, Shutdown, settings::Loader};
use clap::Args;

use crate::{
    exit::{CliError, Exit},
    output::Format,
    service::Registry,
    settings::{CommonSettings, DroverSettings},
};

#[derive(Debug, Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct Global {
    /// How to print results: for people, or as JSON on standard output.
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value = "text",
        env = "DROVER_OUTPUT",
        hide_env_values = true
    )]
    pub(crate) output: Format,
    /// The settings file, instead of `drover.toml` in the working directory.
    #[arg(long, global = true, value_name = "FILE", env = "DROVER_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
    /// One setting, by its dotted key; may be given several times.
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = key_and_value)]
    sets: Vec<(String, Secret)>,
    /// Warnings about secrets among the arguments.
    #[arg(skip)]
    pub(crate) exposed: Vec<String>,
    /// The services of this program.
    #[arg(skip)]
    pub(crate) registry: Registry,
}

impl Global {
    /// For commands with a log.
    pub(crate) fn warn_of_secrets(&self) {
        self.exposed.iter().for_each(|warning| tracing::warn!("{warning}"));
    }

    /// The effective settings; a command's own flags take precedence.
    pub(crate) fn load(&self, flags: &[(&str, Option<String>)]) -> Result<DroverSettings, CliError> {
        let mut loader = Loader::new();
        if let Some(file) = &self.config {
            loader = loader.file(file);
        }
        for (key, text) in &self.sets {
            loader = loader.set(key, text.reveal());
        }
        for (key, text) in flags {
            if let Some(text) = text {
                loader = loader.set(key, text);
            }
        }
        Ok(loader.load::<CommonSettings>(&self.registry.settings())?.into())
    }
}

/// A flag with a secret, as the setting it stands for.
pub(crate) fn revealed(flag: Option<&Secret>) -> Option<String> {
    flag.map(|secret| secret.reveal().to_owned())
}

/// Triggered by SIGINT and SIGTERM.
pub(crate) fn signals() -> Result<Shutdown, CliError> {
    Shutdown::on_signals().map_err(|error| CliError::new(Exit::Failed, format!("cannot listen for signals: {error}")))
}

fn key_and_value(text: &str) -> Result<(String, Secret), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE, like listen=127.0.0.1:8080")?;
    Ok((key.trim().to_owned(), value.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_on_the_command_line_needs_a_key_and_a_value() {
        assert_eq!(key_and_value("a.b=c=d"), Ok(("a.b".to_owned(), "c=d".into())));
        assert!(key_and_value("a.b").is_err());
    }
}
