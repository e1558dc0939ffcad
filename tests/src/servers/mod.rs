//! Servers of a test's own, which it may stop, kill and start again.

mod azure;
mod certificate;
mod cloud_machine;
mod ec2;
mod github;
mod google;
mod http;
mod kubernetes;
mod metadata;
mod postgres;
mod proxy;
mod rabbitmq;
mod signing_key;

use std::{
    io,
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

pub use azure::{AzureCloud, AzureRules};
pub use certificate::Certificate;
pub use cloud_machine::BootMachine;
pub use ec2::{
    Boot, Ec2Machines, Ec2Proxy, Ec2Request, IdentityKey, InstanceFacts, Login, Market, Moto, RoleKeys, Rules,
};
pub use github::{GithubApi, GithubFault, GithubRepository, GithubState, sign_delivery};
pub use google::{GoogleCloud, GoogleRules};
pub use kubernetes::{BootPod, CLUSTER_TOKEN, KubernetesApi, PodRules};
pub use metadata::Metadata;
pub use postgres::{Postgres, Stop};
pub use proxy::Proxy;
pub use rabbitmq::Rabbitmq;
pub use signing_key::SigningKey;

use crate::signal;

/// Free a moment ago, which is as much as can be known.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits for a server to come up; a test without it makes no sense.
fn await_port(port: u16, what: &str, within: Duration) {
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < within, "{what} did not come up within {within:?}");
        sleep(Duration::from_millis(50));
    }
}

fn end(child: &mut Child, with: &str) -> io::Result<()> {
    signal(with, &[child.id()]);
    child.wait().map(drop)
}

/// User and group of whom PostgreSQL may run as, if this is root, whom it refuses.
fn other_user() -> Option<(u32, u32)> {
    let number = |flag: &str, user: &str| -> Option<u32> {
        let output = Command::new("id").args([flag, user]).stderr(Stdio::null()).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    if number("-u", &whoami())? != 0 {
        return None;
    }
    ["postgres", "nobody"].iter().find_map(|user| Some((number("-u", user)?, number("-g", user)?)))
}

fn whoami() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
