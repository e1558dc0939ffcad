//! `drover bridge init`: from the address of a master to the configuration that connects it.

use bridge::driver::{Builder, Checked, MasterDriver};
use clap::Args;
use serde_json::json;

use super::{
    builders,
    masters::{LoginArgs, Master},
};
use crate::{
    exit::{CliError, Exit},
    output::Output,
    system_context::SystemContext,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  DROVER_BRIDGE_PASSWORD=... drover bridge init --master https://buildbot.example.com/ --user drover
  drover bridge init --master https://buildbot.example.com/ --builder linux-build")]
pub(crate) struct InitArgs {
    /// The address of the master's web server.
    #[arg(long, value_name = "URL")]
    master: String,
    /// The name of the master in task queues and scopes.
    #[arg(long, value_name = "NAME", default_value = "main")]
    name: String,
    /// A builder that tasks may use; may be given several times. Without it, all.
    #[arg(long = "builder", value_name = "NAME")]
    builders: Vec<String>,
    #[command(flatten)]
    login: LoginArgs,
}

pub(super) async fn run(args: InitArgs, system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let master = Master::at(&args.master, &args.name, &args.login)?;
    let driver = master.connect_rest(system)?;
    let checked = driver.check().await.map_err(|error| master.failed(&error))?;
    let all = driver.builders().await.map_err(|error| master.failed(&error))?;
    let chosen = chosen(&args, &all)?;
    let user = args.login.user.as_deref().unwrap_or("drover");
    let (for_master, for_drover) = (for_master(&args, user, &chosen), for_drover(&args, user));
    if output.is_json() {
        output.json(&json!({
            "checked": checked, "builders": all, "masterCfg": for_master, "droverToml": for_drover,
        }));
        return Ok(Exit::Ok);
    }
    output.line(&greeting(&master, &checked, &all));
    output.line(&builders::table(&all, &master.0.scheduler));
    if all.iter().all(|builder| builder.collapses.is_none()) {
        output.line(
            "\nWhether builders collapse requests is known once the scheduler is installed; run this again then.",
        );
    }
    output.line(&format!(
        "\n1. Beside master.cfg: drover bridge scheduler > drover_scheduler.py\n\n2. At the end of master.cfg:\n\n{}",
        indent(&for_master)
    ));
    output.line(&format!(
        "3. In drover.toml, in the folder where Drover is started (or the file that --config names):\n\n{}",
        indent(&for_drover)
    ));
    output.line(&format!(
        "4. With DROVER_PASSWORD in the environment of the master: buildbot checkconfig, buildbot restart (a \
         reconfiguration does not change the login). Then: drover bridge check --master {}",
        args.name
    ));
    Ok(Exit::Ok)
}

fn chosen(args: &InitArgs, all: &[Builder]) -> Result<Vec<String>, CliError> {
    let active: Vec<&str> = all.iter().filter(|it| it.active).map(|it| it.name.as_str()).collect();
    if let Some(unknown) = args.builders.iter().find(|name| !active.contains(&name.as_str())) {
        let message = format!("the master has no builder `{unknown}`; it has: {}", active.join(", "));
        return Err(CliError::new(Exit::Usage, message));
    }
    let none = args.builders.is_empty();
    Ok(if none { active.into_iter().map(str::to_owned).collect() } else { args.builders.clone() })
}

fn greeting(master: &Master, checked: &Checked, all: &[Builder]) -> String {
    let who = checked.user.as_deref().map_or("not logged in".to_owned(), |user| format!("logged in as `{user}`"));
    let count = all.iter().filter(|builder| builder.active).count();
    format!("master {}: Buildbot {}, \"{}\", {who}; {count} builders:", master.shown(), checked.version, checked.title)
}

/// JSON for the list of names: as builders' names are plain text, it is the same in Python.
fn for_master(args: &InitArgs, user: &str, builders: &[String]) -> String {
    let names = json!(builders).to_string().replace("\",\"", "\", \"");
    let scheduler = &args.login.scheduler;
    let name = if scheduler == "drover" { String::new() } else { format!("name={}, ", json!(scheduler)) };
    format!(
        "\
import os
import sys
sys.path.insert(0, basedir)  # Python does not look for modules where master.cfg lies.
from drover_scheduler import DroverScheduler

c[\"schedulers\"].append(DroverScheduler({name}builderNames={names}))

# Every task needs a build of its own. Builders may say so themselves: BuilderConfig(..., collapseRequests=False).
c[\"collapseRequests\"] = False

# A login for Drover, and what it may do. These lines are for a master that has neither yet: there everybody may start and
# stop builds, and from now on only those may who are named here. Where there is a login already, keep it: add the user to it,
# put the first rule before its own rules (it denies nobody anything), and add the first role matcher.
c[\"www\"][\"auth\"] = util.UserPasswordAuth({{
    \"{user}\": os.environ[\"DROVER_PASSWORD\"],
    # \"somebody\": os.environ[\"...\"],
}})
c[\"www\"][\"authz\"] = util.Authz(
    allowRules=[
        util.AnyControlEndpointMatcher(role=\"drover\", defaultDeny=False),
        util.AnyControlEndpointMatcher(role=\"people\"),
    ],
    roleMatchers=[
        util.RolesFromUsername(roles=[\"drover\"], usernames=[\"{user}\"]),
        # Who may go on starting and stopping builds by hand.
        util.RolesFromUsername(roles=[\"people\"], usernames=[]),
    ],
)
"
    )
}

fn for_drover(args: &InitArgs, user: &str) -> String {
    let scheduler = &args.login.scheduler;
    let scheduler = if scheduler == "drover" { String::new() } else { format!("scheduler = {}\n", json!(scheduler)) };
    format!(
        "\
[[bridge.masters]]
name = {}
url = {}
user = {}
password = \"...\"
{scheduler}",
        json!(args.name),
        json!(args.master),
        json!(user)
    )
}

fn indent(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}
