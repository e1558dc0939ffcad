//! The machines of moto, which has none: a process for each running instance, with a metadata server of its own.

use std::{
    collections::BTreeMap,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::prelude::{BASE64_STANDARD, Engine};
use regex::Regex;
use tokio::task::JoinSet;

use super::{
    identity::{IdentityKey, InstanceFacts},
    moto_client::MotoClient,
};
use crate::servers::Metadata;

const INTERVAL: Duration = Duration::from_millis(300);

/// Boots what runs and switches off what does not, until it is dropped.
#[derive(Debug)]
pub struct Ec2Machines {
    running: Arc<Mutex<BTreeMap<String, Machine>>>,
    _watching: JoinSet<()>,
}

#[derive(Debug)]
struct Machine {
    process: Child,
    metadata: Metadata,
}

/// What an instance runs, given the address of its metadata server.
pub type Boot = Box<dyn Fn(&InstanceFacts, &str) -> Command + Send + Sync>;

impl Ec2Machines {
    /// Of one region of moto's.
    pub fn start(moto: &str, region: &str, key: IdentityKey, boot: Boot) -> Self {
        let running = Arc::<Mutex<BTreeMap<String, Machine>>>::default();
        let (client, machines) = (MotoClient::new(moto, region), running.clone());
        let mut watching = JoinSet::new();
        watching.spawn(async move {
            loop {
                pass(&client, &machines, &key, &boot).await;
                tokio::time::sleep(INTERVAL).await;
            }
        });
        Self { running, _watching: watching }
    }

    /// The notice that the machine itself gets before it is taken back.
    pub fn announce_interruption(&self, instance: &str) {
        if let Some(machine) = lock(&self.running).get(instance) {
            machine.metadata.interrupt();
        }
    }

    pub fn running(&self) -> Vec<String> {
        lock(&self.running).keys().cloned().collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn lock(running: &Mutex<BTreeMap<String, Machine>>) -> MutexGuard<'_, BTreeMap<String, Machine>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn pass(client: &MotoClient, machines: &Mutex<BTreeMap<String, Machine>>, key: &IdentityKey, boot: &Boot) {
    let found = instances(&client.ec2("DescribeInstances", &[]).await, &client.region);
    lock(machines).retain(|id, _| found.iter().any(|facts| facts.instance_id == *id));
    for facts in found {
        if lock(machines).contains_key(&facts.instance_id) {
            continue;
        }
        let asked = [("InstanceId", facts.instance_id.as_str()), ("Attribute", "userData")];
        let user_data = user_data(&client.ec2("DescribeInstanceAttribute", &asked).await);
        let metadata = Metadata::start().await;
        let (document, signature) = key.sign(&facts);
        metadata.set("/latest/user-data", &user_data);
        metadata.set("/latest/dynamic/instance-identity/document", &document);
        metadata.set("/latest/dynamic/instance-identity/signature", &signature);
        let process = boot(&facts, &metadata.url()).stdin(Stdio::null()).spawn().unwrap();
        lock(machines).insert(facts.instance_id, Machine { process, metadata });
    }
}

/// Those that run.
fn instances(answer: &str, region: &str) -> Vec<InstanceFacts> {
    let account_id = text(answer, "ownerId").unwrap_or_default();
    let is_running = |part: &&str| part.contains("<instanceState><code>16</code>");
    // Each instance has its id once; what stands before belongs to the one before, but for these two.
    let begin = Regex::new("<architecture>").unwrap();
    let starts: Vec<usize> = begin.find_iter(answer).map(|found| found.start()).collect();
    let ends = starts.iter().skip(1).copied().chain([answer.len()]);
    let parts = starts.iter().zip(ends).map(|(start, end)| &answer[*start..end]);
    let facts = |part: &str| {
        Some(InstanceFacts {
            instance_id: text(part, "instanceId")?,
            account_id: account_id.clone(),
            region: region.to_owned(),
            availability_zone: text(part, "availabilityZone")?,
            architecture: text(part, "architecture")?,
            image_id: text(part, "imageId")?,
            instance_type: text(part, "instanceType")?,
            private_ip: text(part, "privateIpAddress")?,
        })
    };
    parts.filter(is_running).filter_map(facts).collect()
}

fn user_data(answer: &str) -> String {
    let encoded = answer.split_once("<userData>").and_then(|(_, rest)| text(rest, "value")).unwrap_or_default();
    String::from_utf8(BASE64_STANDARD.decode(encoded).unwrap_or_default()).unwrap_or_default()
}

/// Of the first element of this name.
fn text(xml: &str, name: &str) -> Option<String> {
    let rest = xml.split_once(&format!("<{name}>"))?.1;
    Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
}
