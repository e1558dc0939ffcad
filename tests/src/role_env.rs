//! An installation of several processes, each `drover serve` with roles of its own.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::{Client, drover::binary, servers::free_port, signal};

const ROOT: &str = "static/taskcluster/root";
const TOKEN: &str = "a-token-for-tests-that-is-long-enough";
const KEY: &str = r#"[{"id": "test", "key": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}]"#;
const READY_WITHIN: Duration = Duration::from_mins(1);
const STOP_WITHIN: Duration = Duration::from_secs(20);

/// Its processes; they are killed when this is dropped.
#[derive(Debug)]
pub struct RoleEnv {
    program: PathBuf,
    folder: PathBuf,
    variables: Vec<(String, String)>,
    processes: Vec<RoleProcess>,
}

#[derive(Debug)]
struct RoleProcess {
    roles: String,
    port: u16,
    child: Child,
}

impl RoleEnv {
    /// Upgrades the database and starts a process for each of `roles`, the first of which has `api`. `more` are
    /// settings as variables.
    pub async fn start(folder: &Path, roles: &[&str], more: &[(&str, &str)]) -> Self {
        Self::start_program(binary(), folder, roles, more).await
    }

    /// The same, of another program.
    pub async fn start_program(program: &Path, folder: &Path, roles: &[&str], more: &[(&str, &str)]) -> Self {
        // An error means that another client of this process was faster, with the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let data = folder.join("data").to_str().unwrap().to_owned();
        let fixed = [
            ("DROVER__AUTH__ROOT_CREDENTIALS", format!("{ROOT}:{TOKEN}")),
            ("DROVER__AUTH__QUEUE_ACCESS_TOKEN", TOKEN.to_owned()),
            ("DROVER__AUTH__SEALING_KEYS", KEY.to_owned()),
            ("DROVER__DATA_DIR", data),
        ];
        let fixed = fixed.map(|(name, value)| (name.to_owned(), value));
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut env = Self {
            program: program.to_owned(),
            folder: folder.to_owned(),
            variables: fixed.into_iter().chain(more).collect(),
            processes: Vec::new(),
        };
        let upgraded = env.command(&["db", "upgrade"], "upgrade").status().await.unwrap();
        assert!(upgraded.success(), "the database could not be upgraded; see {}", env.folder.display());
        let ports: Vec<u16> = roles.iter().map(|_| free_port()).collect();
        // Machines that a process launches have to find the one with the API.
        let root_url = format!("http://127.0.0.1:{}", ports[0]);
        env.variables.push(("DROVER__API__ROOT_URL".to_owned(), root_url));
        for (roles, port) in roles.iter().zip(ports) {
            let child = env.spawn(roles, port);
            env.processes.push(RoleProcess { roles: (*roles).to_owned(), port, child });
        }
        env.ready().await;
        env
    }

    /// A client of the first process, with the root credentials.
    pub fn client(&self) -> Client {
        Client::new(&self.root_url(), ROOT, TOKEN)
    }

    /// The id and the access token of the root client.
    pub fn credentials(&self) -> (&'static str, &'static str) {
        (ROOT, TOKEN)
    }

    pub fn root_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.processes[0].port)
    }

    pub fn count(&self) -> usize {
        self.processes.len()
    }

    pub fn roles(&self, number: usize) -> &str {
        &self.processes[number].roles
    }

    pub fn process_id(&self, number: usize) -> u32 {
        self.processes[number].child.id().expect("a process of the env has ended by itself")
    }

    /// Starts those again that ended because they could not reach the database when they started, as whatever supervises them
    /// would. Any other unexpected end fails the test.
    pub fn restart_failed_starts(&mut self) {
        for number in 0..self.count() {
            let RoleProcess { roles, port, child } = &mut self.processes[number];
            if child.try_wait().unwrap().is_none() {
                continue;
            }
            let log = self.folder.join(format!("{roles}-{port}.log"));
            let text = fs::read_to_string(&log).unwrap();
            let last = text.lines().last().unwrap_or_default();
            let failed_to_start = last.starts_with("drover: ") && last.contains("the database cannot be reached");
            assert!(failed_to_start, "{roles} has ended by itself: {last}; its log is {}", log.display());
            println!("          {roles} found no database when it started, and is started again");
            self.start_again(number);
        }
    }

    /// How often the processes have logged something with these words.
    pub fn logged(&self, words: &str) -> usize {
        let logs = fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path());
        let logs = logs.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
        logs.map(|path| fs::read_to_string(path).map_or(0, |text| text.matches(words).count())).sum()
    }

    /// Waits until every process says that it is ready.
    pub async fn ready(&mut self) {
        for number in 0..self.count() {
            let begun = Instant::now();
            while !self.is_ready(number).await {
                assert!(begun.elapsed() < READY_WITHIN, "{} is not ready", self.roles(number));
                assert!(
                    self.processes[number].child.try_wait().unwrap().is_none(),
                    "{} has ended; its log is in {}",
                    self.roles(number),
                    self.folder.display()
                );
                sleep(Duration::from_millis(50)).await;
            }
        }
    }

    pub async fn is_all_ready(&self) -> bool {
        for number in 0..self.count() {
            if !self.is_ready(number).await {
                return false;
            }
        }
        true
    }

    pub async fn is_ready(&self, number: usize) -> bool {
        let url = format!("http://127.0.0.1:{}/__heartbeat__", self.processes[number].port);
        reqwest::get(url).await.is_ok_and(|answer| answer.status().is_success())
    }

    /// As a power cut does, and starts it again.
    pub async fn kill(&mut self, number: usize) {
        self.processes[number].child.kill().await.unwrap();
        self.start_again(number);
    }

    /// Asks it to stop, which it does in time and without complaint, and starts it again.
    pub async fn restart(&mut self, number: usize) {
        self.stop_one(number).await;
        self.start_again(number);
    }

    pub async fn stop(mut self) {
        for number in (0..self.count()).rev() {
            self.stop_one(number).await;
        }
    }

    async fn stop_one(&mut self, number: usize) {
        signal("TERM", &[self.process_id(number)]);
        let process = &mut self.processes[number];
        let ended = timeout(STOP_WITHIN, process.child.wait()).await;
        let status = ended.unwrap_or_else(|_| panic!("{} does not stop", process.roles)).unwrap();
        assert!(status.success(), "{} ended with {status} on SIGTERM", process.roles);
    }

    fn start_again(&mut self, number: usize) {
        let (roles, port) = (self.roles(number).to_owned(), self.processes[number].port);
        self.processes[number].child = self.spawn(&roles, port);
    }

    fn spawn(&self, roles: &str, port: u16) -> Child {
        let listen = format!("127.0.0.1:{port}");
        let mut command = self.command(&["serve", "--roles", roles, "--listen", &listen], &format!("{roles}-{port}"));
        command.spawn().unwrap()
    }

    fn command(&self, flags: &[&str], log: &str) -> Command {
        let log = self.folder.join(format!("{log}.log"));
        let log = File::options().create(true).append(true).open(log).unwrap();
        let mut command = Command::new(&self.program);
        command.args(flags).envs(self.variables.iter().cloned()).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command
    }
}
