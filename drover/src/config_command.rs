//! `drover config`: the effective settings, and what they mean.

use base::settings::Entry;
use clap::Subcommand;

use crate::{
    exit::{CliError, Exit},
    global::Global,
    output::Output,
    service::{Registry, Role},
    settings::DroverSettings,
};

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Every effective setting, and where it was set. Secrets are hidden.
    #[command(after_help = "Examples:\n  drover config show\n  drover config show --set listen=127.0.0.1:9090")]
    Show,
    /// What each setting means and what it is by default.
    #[command(after_help = "Examples:\n  drover config explain\n  drover config explain api.request_timeout")]
    Explain {
        /// Only this section or key.
        key: Option<String>,
    },
    /// The roles that `drover serve` can run, and which others each brings.
    #[command(after_help = "Examples:\n  drover config roles\n  drover config roles -o json")]
    Roles,
}

pub(crate) fn run(command: ConfigCommand, global: &Global, output: Output) -> Result<Exit, CliError> {
    match command {
        ConfigCommand::Show => show(&global.load(&[])?, &global.registry, output),
        ConfigCommand::Explain { key } => explain(key.as_deref(), &global.registry, output),
        ConfigCommand::Roles => Ok(roles(&global.registry, output)),
    }
}

fn show(settings: &DroverSettings, registry: &Registry, output: Output) -> Result<Exit, CliError> {
    let values = settings
        .to_json()
        .map_err(|error| CliError::new(Exit::Failed, format!("the settings cannot be shown: {error}")))?;
    if output.is_json() {
        output.json(&values);
        return Ok(Exit::Ok);
    }
    let mut section = String::new();
    for entry in registry.settings_entries().iter().filter(|entry| entry.kind.is_some() && !entry.is_of_items()) {
        let (above, name) = entry.key.rsplit_once('.').unwrap_or(("", &entry.key));
        if above != section {
            output.line(&format!("\n[{above}]"));
            above.clone_into(&mut section);
        }
        let value = entry.key.split('.').fold(&values, |inner, name| &inner[name]);
        let origin = settings.origins.get(&entry.key).map_or("default", String::as_str);
        output.line(&format!("{:<56} # {origin}", assignment(name, value)));
    }
    Ok(Exit::Ok)
}

fn explain(key: Option<&str>, registry: &Registry, output: Output) -> Result<Exit, CliError> {
    let inside = |entry: &Entry, key: &str| {
        entry.key.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let wanted: Vec<Entry> =
        registry.settings_entries().into_iter().filter(|entry| key.is_none_or(|key| inside(entry, key))).collect();
    if wanted.is_empty() {
        let message =
            format!("there is no setting `{}`; `drover config explain` lists them all", key.unwrap_or_default());
        return Err(CliError::new(Exit::Usage, message));
    }
    if output.is_json() {
        output.json(&wanted);
    } else {
        for entry in &wanted {
            output.line(&page(entry));
        }
    }
    Ok(Exit::Ok)
}

fn roles(registry: &Registry, output: Output) -> Exit {
    let line = |role: &Role| {
        let brings = role.brings.iter().map(|name| (*name).to_owned());
        let alone = role.brings_without_broker.iter().map(|name| format!("{name} (without a broker)"));
        let brings: Vec<String> = brings.chain(alone).collect();
        let brings = if brings.is_empty() { String::new() } else { format!("; brings {}", brings.join(", ")) };
        format!("{:<12} {}{brings}", role.name, role.about)
    };
    let lines: Vec<String> = registry.roles().map(line).collect();
    output.either(&registry.roles().collect::<Vec<_>>(), &lines.join("\n"));
    Exit::Ok
}

fn page(entry: &Entry) -> String {
    let doc = format!("    {}\n", entry.doc.replace('\n', "\n    "));
    match (&entry.kind, &entry.default) {
        (Some(kind), Some(default)) => {
            let variable = format!("    Variable: DROVER__{}\n", entry.key.to_uppercase().replace('.', "__"));
            let variable = if entry.is_of_items() { "" } else { &variable };
            format!("{}  ({kind}, by default {})\n{doc}{variable}", entry.key, shown(default))
        }
        _ => format!("[{}]\n{doc}", entry.key),
    }
}

/// A line of TOML; a setting without a value is a comment, as TOML has no null.
fn assignment(name: &str, value: &serde_json::Value) -> String {
    if value.is_null() { format!("# {name} =") } else { format!("{name} = {value}") }
}

fn shown(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "nothing".to_owned(),
        serde_json::Value::String(text) if text.is_empty() => "empty".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::services::services;

    const HEAD: &str = "# Settings\n\nWritten from the code by the tests of this crate (`UPDATE=1 cargo test -p drover`). \
        The same text: `drover config explain`.\n\nLayers, each over the one before: these defaults, one TOML file \
        (`drover.toml`, or `--config FILE`), the variables, `--set KEY=VALUE` and a command's own flags.\n\n```text\n";

    #[test]
    fn the_manual_that_is_checked_in_is_what_the_code_says() {
        let pages: Vec<String> = Registry::new(services()).settings_entries().iter().map(page).collect();
        let manual = format!("{HEAD}{}```\n", pages.join("\n"));
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("SETTINGS.md");
        if base::environment::variable("UPDATE").is_some() {
            fs::write(&file, &manual).unwrap();
        }
        let kept = fs::read_to_string(&file).unwrap_or_default();
        assert!(kept == manual, "{} is stale; write it anew with UPDATE=1", file.display());
    }
}
