//! `drover pool pause` and `resume`.

use base::ConfigDuration;
use clap::Args;
use serde_json::{Value, json};

use super::{server::PoolServer, why::short_time};
use crate::{
    client::ServerArgs,
    exit::{CliError, Exit},
    output::Output,
    system_context::SystemContext,
};

#[derive(Debug, Args)]
pub(crate) struct PauseArgs {
    /// The worker pool, or one of its launch configs, as `provisionerId/workerType/LAUNCH_CONFIG`.
    #[arg(value_name = "POOL[/LAUNCH_CONFIG]", value_parser = target)]
    target: Target,
    /// Until it ends by itself, like `2h` [default: until it is resumed].
    #[arg(long = "for", value_name = "DURATION")]
    duration: Option<ConfigDuration>,
    /// Shown to whoever asks why nothing is launched.
    #[arg(long, value_name = "TEXT", default_value = "paused by hand")]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ResumeArgs {
    /// The worker pool, or one of its launch configs, as `provisionerId/workerType/LAUNCH_CONFIG`.
    #[arg(value_name = "POOL[/LAUNCH_CONFIG]", value_parser = target)]
    target: Target,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Clone, PartialEq)]
struct Target {
    pool: String,
    launch_config: Option<String>,
}

pub(super) async fn pause(args: &PauseArgs, system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let until = args.duration.map(|duration| system.clock.now() + duration.delta());
    let mut body = json!({ "reason": args.reason });
    if let Some(until) = until {
        body["until"] = protocol::time::format(until).into();
    }
    let status = send(&args.target, &args.server, "pause", body, system).await?;
    let until = until.map_or_else(
        || "until it is resumed".to_owned(),
        |until| format!("until {}", short_time(&protocol::time::format(until))),
    );
    output.either(&status, &format!("nothing is launched for {} {until}", args.target.text()));
    Ok(Exit::Ok)
}

pub(super) async fn resume(args: &ResumeArgs, system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let status = send(&args.target, &args.server, "resume", json!({}), system).await?;
    output.either(&status, &format!("{} is not paused", args.target.text()));
    Ok(Exit::Ok)
}

async fn send(
    target: &Target,
    server: &ServerArgs,
    verb: &str,
    mut body: Value,
    system: &SystemContext,
) -> Result<Value, CliError> {
    if let Some(launch_config) = &target.launch_config {
        body["launchConfigId"] = launch_config.as_str().into();
    }
    Ok(PoolServer::new(server.connect(system)?, &target.pool).set_pause(verb, &body).await?)
}

impl Target {
    fn text(&self) -> String {
        let launch_config = self.launch_config.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
        format!("{}{launch_config}", self.pool)
    }
}

fn target(text: &str) -> Result<Target, String> {
    let parts: Vec<&str> = text.split('/').collect();
    match parts[..] {
        _ if parts.iter().any(|part| part.is_empty()) => {}
        [provisioner, worker_type] => {
            return Ok(Target { pool: format!("{provisioner}/{worker_type}"), launch_config: None });
        }
        [provisioner, worker_type, id] => {
            return Ok(Target { pool: format!("{provisioner}/{worker_type}"), launch_config: Some(id.to_owned()) });
        }
        _ => {}
    }
    Err("write it as provisionerId/workerType, with /LAUNCH_CONFIG for one launch config".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_or_one_of_its_launch_configs_is_meant() {
        assert_eq!(target("a/b").unwrap().launch_config, None);
        assert_eq!(target("a/b/lc-1").unwrap().text(), "a/b/lc-1");
        for text in ["", "a", "a/", "a//c", "a/b/c/d"] {
            assert!(target(text).is_err(), "{text}");
        }
    }
}
