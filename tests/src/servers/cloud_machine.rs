//! A machine of a fake cloud: a process, and the metadata server that it asks.

use std::process::{Child, Command, Stdio};

use super::http::HttpServer;

/// What a machine runs, given its name and the address of its metadata server.
pub type BootMachine = Box<dyn Fn(&str, &str) -> Command + Send + Sync>;

/// Runs until it is dropped.
#[derive(Debug)]
pub(super) struct CloudMachine {
    process: Child,
    _metadata: HttpServer,
}

impl CloudMachine {
    pub(super) fn start(boot: &BootMachine, name: &str, metadata: HttpServer) -> Self {
        let process = boot(name, &metadata.url).stdin(Stdio::null()).spawn().unwrap();
        Self { process, _metadata: metadata }
    }
}

impl Drop for CloudMachine {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
