//! moto's AWS, a process of its own.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde::Deserialize;

/// It ends when this is dropped, or with this process.
#[derive(Debug)]
pub struct Moto {
    child: Child,
    pub login: Login,
}

/// Where it is, and who may call it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Login {
    pub url: String,
    pub access_key_id: String,
    pub secret_access_key: String,
    /// A role that was assumed, where signatures are checked.
    pub role: Option<RoleKeys>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleKeys {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: String,
}

impl Moto {
    /// One that believes everybody. `None`: `DROVER_TEST_MOTO_PYTHON` names no Python that has it.
    pub fn start() -> Option<Self> {
        Self::run(&[])
    }

    /// One that checks signatures.
    pub fn start_signed() -> Option<Self> {
        Self::run(&["--signed"])
    }

    fn run(flags: &[&str]) -> Option<Self> {
        // An error says that it was done before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let Ok(python) = std::env::var("DROVER_TEST_MOTO_PYTHON") else {
            println!("skipped: DROVER_TEST_MOTO_PYTHON names no Python with moto");
            return None;
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("client/aws_server.py");
        let mut command = Command::new(python);
        command.arg(script).args(flags).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let login = serde_json::from_str(&line).unwrap_or_else(|error| panic!("moto did not start: {error}"));
        Some(Self { child, login })
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
