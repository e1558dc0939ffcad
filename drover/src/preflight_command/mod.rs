//! `drover preflight`: whether processes could start with these settings, before any is started. It changes nothing that is kept.

mod args;
mod broker;
mod bucket;
mod database;
mod doctor;
mod report;
mod root_url;
mod settings;

use self::report::{Check, Report};
pub(crate) use self::{
    args::PreflightArgs,
    doctor::{DoctorArgs, run as run_doctor},
};
use crate::{
    exit::{CliError, Exit},
    global::Global,
    output::Output,
    system_context::SystemContext,
};

pub(crate) async fn run(
    args: PreflightArgs,
    global: &Global,
    system: &SystemContext,
    output: &Output,
) -> Result<Exit, CliError> {
    let settings = match global.load(&[]) {
        Ok(settings) => settings,
        Err(error) => return Ok(Report(vec![Check::wrong("settings", &error)]).print(*output)),
    };
    let mut checks = settings::check(&settings, &global.registry);
    checks.push(root_url::check(&settings.api.root_url));
    let (database, broker, bucket) = tokio::join!(
        database::check(&settings, &args),
        broker::check(&settings, args.several_processes, system),
        bucket::check(settings.section(), system),
    );
    checks.extend(database);
    checks.extend([broker, bucket]);
    Ok(Report(checks).print(*output))
}
