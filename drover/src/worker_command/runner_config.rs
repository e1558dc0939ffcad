//! The file that worker-runner writes for the worker that it starts: JSON in the words of generic-worker, with credentials.

use std::{path::Path, time::Duration};

use serde_json::{Map, Value};
use worker::client::{Credentials, certificate_text};

use super::{args::WorkerArgs, private_file, worker_config};
use crate::exit::{CliError, Exit};

/// Fields that say who the worker is, and where it runs.
const IDENTITY: [&str; 10] = [
    "rootURL",
    "clientId",
    "accessToken",
    "certificate",
    "provisionerId",
    "workerType",
    "workerGroup",
    "workerId",
    "workerLocation",
    "instanceType",
];

/// What the file says that is not in the flags.
#[derive(Debug)]
pub(super) struct RunnerConfig {
    pub(super) root_url: String,
    pub(super) credentials: Credentials,
    /// The worker asks whether it may stop once it has been idle for so long; `None`: it never does.
    pub(super) idle: Option<Duration>,
    /// Fields that mean nothing here.
    pub(super) unused: Vec<String>,
}

/// Reads the file, and writes into the flags what they have a place for.
pub(super) fn read(file: &Path, args: &mut WorkerArgs) -> Result<RunnerConfig, CliError> {
    let failed = |words: String| CliError::new(Exit::Usage, format!("--runner-config {}: {words}", file.display()));
    let text = private_file::from_file(file).map_err(|error| failed(error.to_string()))?;
    // The message of the parser may repeat a part of the text.
    let config: Map<String, Value> = serde_json::from_str(&text)
        .map_err(|error| failed(format!("no JSON object (line {}, column {})", error.line(), error.column())))?;
    apply(&config, args).map_err(failed)
}

fn apply(config: &Map<String, Value>, args: &mut WorkerArgs) -> Result<RunnerConfig, String> {
    args.task_queue_id = format!("{}/{}", text(config, "provisionerId")?, text(config, "workerType")?);
    args.worker_group = text(config, "workerGroup")?;
    args.worker_id = Some(text(config, "workerId")?);
    for (field, variable) in
        [("workerLocation", "TASKCLUSTER_WORKER_LOCATION"), ("instanceType", "TASKCLUSTER_INSTANCE_TYPE")]
    {
        if let Some(value) = config.get(field).and_then(Value::as_str) {
            args.task_env.push(format!("{variable}={value}").as_str().into());
        }
    }
    let credentials = Credentials {
        client_id: text(config, "clientId")?,
        access_token: text(config, "accessToken")?,
        certificate: certificate_text(config.get("certificate"))?,
    };
    let root_url = text(config, "rootURL")?;
    let is_used = |name: &str| IDENTITY.contains(&name) || worker_config::FIELDS.contains(&name);
    let unused = config.keys().filter(|name| !is_used(name)).cloned().collect();
    let config = Value::Object(config.clone());
    worker_config::apply(args, &config).map_err(|error| error.to_string())?;
    // Zero is generic-worker's word for never.
    let idle = worker_config::idle_timeout(&config).filter(|idle| !idle.is_zero());
    Ok(RunnerConfig { root_url, credentials, idle, unused })
}

fn text(config: &Map<String, Value>, field: &str) -> Result<String, String> {
    let value = config.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    value.map(str::to_owned).ok_or_else(|| format!("the field `{field}` must be a text that is not empty"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        args: WorkerArgs,
    }

    fn args() -> WorkerArgs {
        Flags::parse_from(["worker"]).args
    }

    fn config() -> Map<String, Value> {
        let config = json!({
            "rootURL": "https://ci.example.com", "clientId": "worker/aws/a/b/us-1/i-1", "accessToken": "s3cret",
            "certificate": "{\"version\":1}", "provisionerId": "proj", "workerType": "linux", "workerGroup": "us-1",
            "workerId": "i-1", "workerLocation": "{\"cloud\":\"aws\"}", "capacity": 3, "idleTimeoutSecs": 90,
            "tasksDir": "/tasks", "network": "proxy",
        });
        config.as_object().unwrap().clone()
    }

    #[test]
    fn the_words_of_generic_worker_become_flags() {
        let mut args = args();
        let read = apply(&config(), &mut args).unwrap();
        assert_eq!((args.task_queue_id.as_str(), args.worker_group.as_str(), args.capacity), ("proj/linux", "us-1", 3));
        assert_eq!(
            (args.worker_id.as_deref(), args.isolation.network),
            (Some("i-1"), super::super::isolation::Network::Proxy)
        );
        assert_eq!(
            (read.credentials.certificate.as_deref(), read.idle),
            (Some(r#"{"version":1}"#), Some(Duration::from_secs(90)))
        );
        assert_eq!(read.unused, ["tasksDir"]);
        assert!(args.task_env.iter().any(|it| it.reveal() == r#"TASKCLUSTER_WORKER_LOCATION={"cloud":"aws"}"#));
    }

    #[test]
    fn a_worker_without_an_idle_time_never_asks() {
        for value in [json!(0), Value::Null] {
            let mut config = config();
            config.insert("idleTimeoutSecs".to_owned(), value);
            assert_eq!(apply(&config, &mut args()).unwrap().idle, None);
        }
    }

    #[test]
    fn a_field_that_is_missing_is_named_without_what_the_others_hold() {
        for field in ["rootURL", "clientId", "accessToken", "provisionerId", "workerType", "workerGroup", "workerId"] {
            for value in [Value::Null, json!(""), json!(7)] {
                let mut config = config();
                config.insert(field.to_owned(), value);
                let words = apply(&config, &mut args()).unwrap_err();
                assert!(words.contains(&format!("`{field}`")) && !words.contains("s3cret"), "{words}");
            }
        }
        let mut config = config();
        config.insert("network".to_owned(), json!("everywhere"));
        assert!(apply(&config, &mut args()).unwrap_err().contains("workerConfig.network"));
    }
}
