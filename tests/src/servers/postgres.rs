//! A PostgreSQL on a port of its own.

use std::{
    fs::{self, File},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use super::{Certificate, await_port, end, free_port, other_user};

const UP_WITHIN: Duration = Duration::from_mins(1);

/// How a PostgreSQL ends.
#[derive(Debug, Clone, Copy)]
pub enum Stop {
    /// Open transactions fail, everything is written.
    Fast,
    /// As if it had crashed.
    Immediate,
}

#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    tls: bool,
    running: Option<Child>,
}

impl Postgres {
    /// `None`: there is none on this machine. With a certificate it takes encrypted connections only.
    pub fn start(folder: &Path, certificate: Option<&Certificate>) -> Option<Self> {
        let programs = programs()?;
        let folder = folder.join("postgres");
        fs::create_dir(&folder).unwrap();
        let mut server = Self { programs, port: free_port(), folder, tls: certificate.is_some(), running: None };
        give(&server.folder);
        let data = server.data();
        let mut made = server.command("initdb");
        made.args(["-A", "trust", "-U", "postgres", "--locale=C", "-E", "UTF8", "--no-sync", "-D"]).arg(&data);
        let output = made.output().unwrap();
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        if let Some(certificate) = certificate {
            server.take_certificate(certificate);
        }
        server.start_again();
        Some(server)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where its programs are.
    pub fn programs(&self) -> &Path {
        &self.programs
    }

    pub fn process_id(&self) -> Option<u32> {
        self.running.as_ref().map(Child::id)
    }

    pub fn url(&self) -> String {
        self.url_through(self.port)
    }

    /// By way of another port that leads here.
    pub fn url_through(&self, port: u16) -> String {
        let more = if self.tls { "" } else { "?sslmode=disable" };
        format!("postgresql://postgres@127.0.0.1:{port}/postgres{more}")
    }

    pub fn start_again(&mut self) {
        let log = File::options().create(true).append(true).open(self.folder.with_extension("log")).unwrap();
        let mut command = self.command("postgres");
        let tls = if self.tls { "ssl=on" } else { "ssl=off" };
        let port = format!("port={}", self.port);
        command.arg("-D").arg(self.data()).arg("-k").arg(&self.folder);
        for setting in ["listen_addresses=127.0.0.1", &port, "max_connections=300", tls] {
            command.args(["-c", setting]);
        }
        self.running = Some(command.stdout(Stdio::null()).stderr(log).spawn().unwrap());
        await_port(self.port, "PostgreSQL", UP_WITHIN);
        self.await_ready();
    }

    /// It listens before it accepts queries.
    fn await_ready(&self) {
        let begun = Instant::now();
        let ready = || {
            let mut command = self.command("pg_isready");
            command.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]).status().unwrap().success()
        };
        while !ready() {
            assert!(begun.elapsed() < UP_WITHIN, "PostgreSQL did not become ready within {UP_WITHIN:?}");
            sleep(Duration::from_millis(50));
        }
    }

    pub fn stop(&mut self, how: Stop) {
        let with = match how {
            Stop::Fast => "INT",
            Stop::Immediate => "QUIT",
        };
        if let Some(mut running) = self.running.take() {
            end(&mut running, with).unwrap();
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir("/").stdin(Stdio::null());
        if let Some((user, group)) = other_user() {
            command.uid(user).gid(group);
        }
        command
    }

    fn take_certificate(&self, certificate: &Certificate) {
        for (from, name) in [(&certificate.certificate, "server.crt"), (&certificate.key, "server.key")] {
            let to = self.data().join(name);
            fs::copy(from, &to).unwrap();
            fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).unwrap();
            give(&to);
        }
        let rules = "local all all trust\nhostssl all all 127.0.0.1/32 trust\n";
        fs::write(self.data().join("pg_hba.conf"), rules).unwrap();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop(Stop::Immediate);
    }
}

/// Makes it the server's.
fn give(path: &Path) {
    if let Some((user, group)) = other_user() {
        std::os::unix::fs::chown(path, Some(user), Some(group)).unwrap();
    }
}

fn programs() -> Option<PathBuf> {
    let given = std::env::var_os("DROVER_POSTGRES_BIN_DIR").map(PathBuf::from);
    let mut installed: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    installed.sort();
    given.into_iter().chain(installed.into_iter().rev()).find(|folder| folder.join("initdb").exists())
}
