//! The helper process. It has one thread, so that it may change its own user, groups and namespaces.

mod container;
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
mod step;
mod users;

use std::{
    io,
    net::TcpListener,
    os::fd::{AsFd, OwnedFd},
    process::ExitCode,
};

use rustix::process::{WaitOptions, waitpid};

use self::{
    container::Container,
    step::{StepError, step},
};
use crate::{
    channel,
    message::{Report, Request},
    plan::Plan,
    sys::{self, Forked},
};

/// The helper's `main`. Its standard input is the socket; it returns when there is nothing left to run.
pub fn run_init() -> ExitCode {
    let ended = io::stdin().as_fd().try_clone_to_owned().and_then(begin);
    if ended.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn begin(control: OwnedFd) -> io::Result<()> {
    let Some((Request::SetUp, descriptors)) = channel::receive(&control)? else { return Ok(()) };
    let file = descriptors.into_iter().next().ok_or(io::ErrorKind::InvalidData)?;
    let plan: Plan = channel::from_file(file)?;
    let first_id = plan.image.as_ref().map(|image| image.first_id);
    let users = first_id.map(|first_id| step("user namespace", users::namespace(first_id))).transpose();
    let entered = users.and_then(|users| namespaces::enter(&plan.account).map(|()| users));
    let users = match entered {
        Ok(users) => users,
        Err(failed) => return tell_failed(&control, &failed),
    };
    match sys::fork()? {
        Forked::Child => first_process(&plan, users, &control),
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

/// What is there before the first program.
struct Ready {
    listeners: Vec<TcpListener>,
    container: Option<Container>,
}

/// The first process of the namespace: all others end with it.
fn first_process(plan: &Plan, users: Option<OwnedFd>, control: &OwnedFd) -> io::Result<()> {
    let container = match set_up(plan, users) {
        Ok(Ready { listeners, container }) => {
            let mut descriptors: Vec<_> = listeners.iter().map(AsFd::as_fd).collect();
            descriptors.extend(container.as_ref().map(|container| container.tree.as_fd()));
            channel::send(control, &Report::Ready, &descriptors)?;
            container
        }
        Err(failed) => return tell_failed(control, &failed),
    };
    serve::serve(control, container.map(|container| container.identity))
}

/// In this order: what needs privileges comes before they are dropped, and the filter comes last.
fn set_up(plan: &Plan, users: Option<OwnedFd>) -> Result<Ready, StepError> {
    step("host name", rustix::system::sethostname(plan.hostname.as_bytes()).map_err(Into::into))?;
    let listeners = step("loopback network", network::start(plan.listeners))?;
    let (container, dropped) = if let (Some(image), Some(users)) = (&plan.image, users) {
        let container = container::build(plan, image, &users)?;
        (Some(container), privileges::enter_container(users.as_fd(), &plan.limits))
    } else {
        root::build(plan)?;
        (None, privileges::drop_all(&plan.account, &plan.limits))
    };
    step("dropping of privileges", dropped)?;
    step("filter of system calls", filter::install())?;
    Ok(Ready { listeners, container })
}

fn tell_failed(control: &OwnedFd, failed: &StepError) -> io::Result<()> {
    let report = Report::Failed { step: failed.step.clone(), message: failed.error.to_string() };
    channel::send(control, &report, &[])?;
    Err(io::ErrorKind::Other.into())
}
