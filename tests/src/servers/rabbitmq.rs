//! A RabbitMQ with its own name, ports, port mapper and folders.

use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use super::{Certificate, await_port, end, free_port};
use crate::signal;

/// Debian's own script changes the user, and these do not.
const PROGRAMS: [&str; 2] = ["/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin"];
const UP_WITHIN: Duration = Duration::from_mins(5);

#[derive(Debug)]
pub struct Rabbitmq {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    tls: bool,
    variables: Vec<(&'static str, String)>,
    mapper: Child,
    running: Option<Child>,
}

impl Rabbitmq {
    /// `None`: there is none on this machine. With a certificate it takes encrypted connections only.
    pub fn start(folder: &Path, certificate: Option<&Certificate>) -> Option<Self> {
        let programs = PROGRAMS.iter().map(PathBuf::from).find(|folder| folder.join("rabbitmq-server").exists())?;
        let folder = folder.join("rabbitmq");
        fs::create_dir(&folder).unwrap();
        let (port, mapper_port) = (free_port(), free_port());
        let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        fs::write(path("plugins"), "[].").unwrap();
        fs::write(path("rabbitmq.conf"), configuration(port, certificate)).unwrap();
        fs::write(path("env.conf"), "").unwrap();
        let variables = vec![
            ("HOME", path("")),
            ("ERL_EPMD_PORT", mapper_port.to_string()),
            ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
            ("RABBITMQ_NODENAME", format!("drover-test-{port}@localhost")),
            ("RABBITMQ_DIST_PORT", free_port().to_string()),
            ("RABBITMQ_MNESIA_BASE", path("data")),
            ("RABBITMQ_LOG_BASE", path("log")),
            ("RABBITMQ_CONFIG_FILE", path("rabbitmq.conf")),
            ("RABBITMQ_CONF_ENV_FILE", path("env.conf")),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", path("plugins")),
        ];
        let mut mapper = Command::new("epmd");
        let mapper = mapper.args(["-port", &mapper_port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let mapper = mapper.spawn().ok()?;
        let tls = certificate.is_some();
        let mut server = Self { programs, folder, port, tls, variables, mapper, running: None };
        server.start_again();
        Some(server)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// `None`: it does not run.
    pub fn process_id(&self) -> Option<u32> {
        self.running.as_ref().map(Child::id)
    }

    pub fn url(&self) -> String {
        self.url_through(self.port)
    }

    /// By way of another port that leads here.
    pub fn url_through(&self, port: u16) -> String {
        let scheme = if self.tls { "amqps" } else { "amqp" };
        format!("{scheme}://guest:guest@127.0.0.1:{port}/%2f")
    }

    /// For a user with the password `secret`, and a vhost.
    pub fn url_of(&self, user: &str, vhost: &str) -> String {
        format!("amqp://{user}:secret@127.0.0.1:{}/{vhost}", self.port)
    }

    pub fn start_again(&mut self) {
        let mut command = self.command("rabbitmq-server");
        let command = command.env("RUNNING_UNDER_SYSTEMD", "1").stdout(Stdio::null()).stderr(Stdio::null());
        self.running = Some(command.process_group(0).spawn().unwrap());
        await_port(self.port, "RabbitMQ", UP_WITHIN);
        // It listens before it accepts commands.
        self.control(&["await_startup"]);
    }

    /// In good order.
    pub fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            end(&mut running, "TERM").unwrap();
        }
    }

    /// As if the machine had lost power.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", running.id())]).status();
            running.wait().unwrap();
        }
    }

    /// It keeps its connections, takes new ones, and answers nothing until it is thawed.
    pub fn freeze(&self) {
        self.signal_all("STOP");
    }

    pub fn thaw(&self) {
        self.signal_all("CONT");
    }

    /// To all processes of the server.
    fn signal_all(&self, signal: &str) {
        if let Some(running) = &self.running {
            let group = format!("-{}", running.id());
            let status = Command::new("kill").args([&format!("-{signal}"), "--", &group]).status().unwrap();
            assert!(status.success(), "the broker cannot be sent {signal}");
        }
    }

    /// A `rabbitmqctl` command.
    pub fn control(&self, arguments: &[&str]) {
        let output = self.command("rabbitmqctl").args(arguments).output().unwrap();
        assert!(output.status.success(), "rabbitmqctl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.envs(self.variables.iter().cloned()).current_dir(&self.folder).stdin(Stdio::null());
        command
    }
}

impl Drop for Rabbitmq {
    fn drop(&mut self) {
        self.kill();
        signal("KILL", &[self.mapper.id()]);
        let _ = self.mapper.wait();
    }
}

fn configuration(port: u16, certificate: Option<&Certificate>) -> String {
    let Some(Certificate { authority, certificate, key }) = certificate else {
        return format!("listeners.tcp.local = 127.0.0.1:{port}\nlog.console = false\n");
    };
    format!(
        "listeners.tcp = none\nlisteners.ssl.local = 127.0.0.1:{port}\nlog.console = false\n\
         ssl_options.cacertfile = {}\nssl_options.certfile = {}\nssl_options.keyfile = {}\n\
         ssl_options.verify = verify_none\nssl_options.fail_if_no_peer_cert = false\n",
        authority.display(),
        certificate.display(),
        key.display(),
    )
}
