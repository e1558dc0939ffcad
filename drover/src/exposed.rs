//! Secrets that were typed on the command line, where every user of the machine reads them (`ps`).

use base::settings::Entry;
use clap::{ArgMatches, parser::ValueSource};

/// Flags that carry a secret whatever is in it, by clap's names, and where it belongs instead.
const SECRETS: [(&str, &str); 2] = [
    ("root_credentials", "give it as --root-credentials-file FILE or DROVER__AUTH__ROOT_CREDENTIALS"),
    ("access_token", "set TASKCLUSTER_ACCESS_TOKEN"),
];

/// Flags with a URL that may hold a password.
const URLS: [(&str, &str); 2] =
    [("database_url", "set DROVER__DATABASE__URL"), ("amqp_url", "set DROVER__BUS__AMQP_URL")];

/// Names of variables whose values are secrets, if they hold one of these words.
const SECRET_WORDS: [&str; 4] = ["TOKEN", "SECRET", "PASSWORD", "CREDENTIAL"];

/// A warning for each.
pub(crate) fn warnings(matches: &ArgMatches, settings: &[Entry]) -> Vec<String> {
    let mut found: Vec<String> = matches.ids().filter_map(|id| warning(id.as_str(), matches, settings)).collect();
    if let Some((_, inner)) = matches.subcommand() {
        found.extend(warnings(inner, settings));
    }
    found.dedup();
    found
}

fn warning(id: &str, matches: &ArgMatches, settings: &[Entry]) -> Option<String> {
    // A flag that is good for all subcommands is also listed where it may not be asked for.
    let known = matches.try_contains_id(id).is_ok_and(|known| known);
    if !known || matches.value_source(id) != Some(ValueSource::CommandLine) {
        return None;
    }
    // Ids are also those of groups, which have no text of their own.
    let raw = || matches.try_get_raw(id).ok().flatten().into_iter().flatten();
    let texts = || raw().map(|text| text.to_string_lossy().into_owned());
    let flag = id.replace('_', "-");
    if let Some((_, instead)) = SECRETS.iter().find(|(name, _)| *name == id) {
        return Some(words(&format!("--{flag}"), instead));
    }
    match id {
        "sets" => texts().find_map(|text| setting(&text, settings)),
        "task_env" => texts().find_map(|text| variable(&text)),
        _ if texts().any(|text| has_password(&text)) => {
            let instead =
                URLS.iter().find(|(name, _)| *name == id).map_or("leave it out there", |(_, instead)| instead);
            Some(words(&format!("the URL of --{flag}"), instead))
        }
        _ => None,
    }
}

/// `KEY=VALUE` of a setting that is secret, or holds items that are.
fn setting(text: &str, settings: &[Entry]) -> Option<String> {
    let (key, value) = text.split_once('=')?;
    let secret = settings.iter().any(|entry| {
        let of_key = entry.key.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with("[]."));
        let kind = entry.kind.as_deref().unwrap_or_default();
        of_key && ["secret", "list of SealingKey", "list of StaticClient"].contains(&kind)
    });
    let harmless = value.is_empty() || (value.contains("://") && !has_password(value));
    let variable = format!("set DROVER__{}", key.to_uppercase().replace('.', "__"));
    (secret && !harmless).then(|| words(&format!("--set {key}"), &variable))
}

/// `NAME=VALUE` of a variable that is secret by its name.
fn variable(text: &str) -> Option<String> {
    let (name, _) = text.split_once('=')?;
    let secret = SECRET_WORDS.iter().any(|word| name.to_uppercase().contains(word));
    secret.then(|| words(&format!("--task-env {name}"), &format!("set {name} and give --task-env {name}")))
}

/// `scheme://user:password@host`.
fn has_password(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let login = authority.rsplit_once('@').map_or("", |(login, _)| login);
    login.split_once(':').is_some_and(|(_, password)| !password.is_empty())
}

fn words(what: &str, instead: &str) -> String {
    format!("{what} shows a secret to every user of this machine, who can read command lines (`ps`); {instead}")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::{cli::Cli, service::Registry, services::services};

    fn of(line: &str) -> Vec<String> {
        let settings = Registry::new(services()).settings_entries();
        warnings(&Cli::command().get_matches_from(line.split(' ')), &settings)
    }

    #[test]
    fn a_secret_on_the_command_line_is_told_of_with_the_better_way() {
        let cases = [
            ("drover dev --root-credentials static/a:secret", "DROVER__AUTH__ROOT_CREDENTIALS"),
            ("drover dev --database-url postgresql://a:secret@host/db", "DROVER__DATABASE__URL"),
            ("drover dev --amqp-url amqp://a:secret@host", "DROVER__BUS__AMQP_URL"),
            ("drover bus --amqp-url amqp://a:secret@host lag", "DROVER__BUS__AMQP_URL"),
            ("drover db status --database-url postgresql://a:secret@host/db", "DROVER__DATABASE__URL"),
            ("drover worker --client-id a --access-token secret", "TASKCLUSTER_ACCESS_TOKEN"),
            ("drover task status fN1SbArXTPSVFNUvaOlinQ --access-token secret", "TASKCLUSTER_ACCESS_TOKEN"),
            ("drover worker --task-env API_TOKEN=secret", "--task-env API_TOKEN"),
            ("drover bridge check --master https://a:secret@host/", "--master"),
            ("drover dev --set auth.root_credentials=a:secret", "DROVER__AUTH__ROOT_CREDENTIALS"),
            ("drover serve --set auth.static_clients=[secret]", "DROVER__AUTH__STATIC_CLIENTS"),
            ("drover config show --set database.url=postgresql://a:secret@host/db", "DROVER__DATABASE__URL"),
            ("drover serve --set bridge.masters=[secret]", "DROVER__BRIDGE__MASTERS"),
        ];
        for (line, instead) in cases {
            let words = of(line).join("\n");
            assert!(
                words.contains(instead) && !words.contains("secret@") && !words.contains("=secret"),
                "{line}: {words}"
            );
        }
    }

    #[test]
    fn what_is_no_secret_is_not_told_of() {
        for line in [
            "drover dev --listen 127.0.0.1:0 --root-credentials-file /run/root",
            "drover dev --database-url postgresql:///postgres?host=/tmp&user=postgres",
            "drover bus --amqp-url amqp://host/vhost lag",
            "drover worker --task-env LANG=C --task-env API_TOKEN",
            "drover dev --set database.url=postgresql://host/db --set listen=127.0.0.1:80",
        ] {
            assert_eq!(of(line), Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn arguments_do_not_show_secrets_when_they_are_printed() {
        use clap::Parser;
        for line in [
            "drover dev --root-credentials a:HUSH --database-url postgresql://a:HUSH@h/d --amqp-url amqp://a:HUSH@h",
            "drover worker --client-id a --access-token HUSH --task-env TOKEN=HUSH",
            "drover db --database-url postgresql://a:HUSH@h/d status",
            "drover bus --database-url postgresql://a:HUSH@h/d --amqp-url amqp://a:HUSH@h lag",
            "drover bridge status --database-url postgresql://a:HUSH@h/d",
            "drover serve --set auth.root_credentials=a:HUSH",
        ] {
            let shown = format!("{:?}", Cli::parse_from(line.split(' ')));
            assert!(!shown.contains("HUSH"), "{line}: {shown}");
        }
    }
}
