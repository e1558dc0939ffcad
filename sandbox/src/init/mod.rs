//! The helper process. It has one thread, so that it may change its own user, groups and namespaces.

mod devices;
mod etc;
mod filter;
mod mounts;
mod namespaces;
mod network;
mod privileges;
mod programs;
mod root;
mod serve;

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    process::ExitCode,
};

use rustix::process::{WaitOptions, waitpid};

use crate::{
    channel,
    message::{Report, Request},
    plan::Plan,
    sys::{self, Forked},
};

/// A step of setting up that failed.
#[derive(Debug)]
struct StepError {
    step: String,
    error: io::Error,
}

/// The helper's `main`. Its standard input is the socket; it returns when there is nothing left to run.
pub fn run_init() -> ExitCode {
    let ended = io::stdin().as_fd().try_clone_to_owned().and_then(begin);
    if ended.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn begin(control: OwnedFd) -> io::Result<()> {
    let Some((Request::SetUp, descriptors)) = channel::receive(&control)? else { return Ok(()) };
    let file = descriptors.into_iter().next().ok_or(io::ErrorKind::InvalidData)?;
    let plan: Plan = channel::from_file(file)?;
    if let Err(failed) = namespaces::enter(&plan.account) {
        return tell_failed(&control, &failed);
    }
    match sys::fork()? {
        Forked::Child => first_process(&plan, &control),
        // This process stays outside of the process namespace, and only waits for the end of the one within. The socket
        // has to be closed here: its end tells the other half that the sandbox is gone.
        Forked::Parent(child) => {
            rustix::stdio::dup2_stdin(std::fs::File::open("/dev/null")?)?;
            drop(control);
            waitpid(Some(child), WaitOptions::empty())?;
            Ok(())
        }
    }
}

/// The first process of the namespace: all others end with it.
fn first_process(plan: &Plan, control: &OwnedFd) -> io::Result<()> {
    match set_up(plan) {
        Ok(listeners) => {
            let listeners: Vec<_> = listeners.iter().map(AsFd::as_fd).collect();
            channel::send(control, &Report::Ready, &listeners)?;
        }
        Err(failed) => return tell_failed(control, &failed),
    }
    serve::serve(control)
}

/// In this order: what needs privileges comes before they are dropped, and the filter comes last.
fn set_up(plan: &Plan) -> Result<Vec<std::net::TcpListener>, StepError> {
    step("host name", rustix::system::sethostname(plan.hostname.as_bytes()).map_err(Into::into))?;
    let listeners = step("loopback network", network::start(plan.listeners))?;
    root::build(plan)?;
    step("dropping of privileges", privileges::drop_all(&plan.account, &plan.limits))?;
    step("filter of system calls", filter::install())?;
    Ok(listeners)
}

fn step<T>(name: &str, result: io::Result<T>) -> Result<T, StepError> {
    result.map_err(|error| StepError { step: name.to_owned(), error })
}

fn tell_failed(control: &OwnedFd, failed: &StepError) -> io::Result<()> {
    let report = Report::Failed { step: failed.step.clone(), message: failed.error.to_string() };
    channel::send(control, &report, &[])?;
    Err(io::ErrorKind::Other.into())
}
