//! A RabbitMQ for the tests: the one named in the environment, or a private one that ends with the test.

use std::{
    fs,
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use base::{Rng, environment};
use bus::{AmqpBus, Bus, Exchange};
use tempfile::TempDir;

/// The variable that names a broker to use. What the tests leave there is named `drover-test/…`.
const URL: &str = "DROVER_TEST_AMQP_URL";

/// Debian's own script changes the user, and the one it calls does not.
const SERVERS: [&str; 2] = ["/usr/lib/rabbitmq/bin/rabbitmq-server", "/opt/rabbitmq/sbin/rabbitmq-server"];

const UP_WITHIN: Duration = Duration::from_secs(90);

/// Runs the node and its port mapper, and kills both when its input ends: at the latest with the test's process.
const KEEPER: &str = r#"epmd -port "$ERL_EPMD_PORT" & "$0" & cat > /dev/null; kill -KILL -$$"#;

pub(crate) struct Broker {
    pub(crate) url: String,
    _node: Option<Node>,
}

impl Broker {
    /// `None`, said plainly, when there is nothing to test on.
    pub(crate) async fn find() -> Option<Self> {
        if let Some(url) = environment::variable(URL) {
            return Some(Self { url, _node: None });
        }
        let Some(server) = server() else {
            println!("SKIPPED: the AMQP half of the bus's contract; it needs rabbitmq-server, or {URL}");
            return None;
        };
        let (node, url) = Node::start(&server);
        await_up(&url).await;
        Some(Self { url, _node: Some(node) })
    }
}

/// A node of its own name, with its own ports and folders, of which nothing stays behind.
struct Node {
    keeper: Child,
    folder: TempDir,
}

impl Node {
    fn start(server: &Path) -> (Self, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("enabled_plugins"), "[].").unwrap();
        let [port, distribution, mapper] = free_ports();
        let keeper = Command::new("sh")
            .args(["-c", KEEPER])
            .arg(server)
            .env("HOME", folder.path())
            .env("ERL_EPMD_PORT", mapper.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODENAME", format!("drover-test-{port}@localhost"))
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", port.to_string())
            .env("RABBITMQ_DIST_PORT", distribution.to_string())
            .env("RABBITMQ_MNESIA_BASE", path("data"))
            .env("RABBITMQ_LOG_BASE", path("log"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", path("enabled_plugins"))
            .env("RABBITMQ_CONFIG_FILE", path("rabbitmq"))
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", path("advanced"))
            .env("RABBITMQ_CONF_ENV_FILE", path("environment"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        (Self { keeper, folder }, format!("amqp://guest:guest@127.0.0.1:{port}/%2f"))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
        let _ = fs::remove_dir_all(self.folder.path());
    }
}

fn server() -> Option<PathBuf> {
    let on_path = environment::variable("PATH").unwrap_or_default();
    let on_path = on_path.split(':').map(|folder| Path::new(folder).join("rabbitmq-server"));
    let found = SERVERS.iter().map(PathBuf::from).chain(on_path).find(|path| path.exists())?;
    Command::new("epmd").arg("-help").stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    Some(found)
}

/// Free a moment ago, which is as much as can be known.
fn free_ports() -> [u16; 3] {
    let taken = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    taken.map(|listener| listener.local_addr().unwrap().port())
}

async fn await_up(url: &str) {
    let bus = AmqpBus::new(url, "is it up", &Rng::system()).unwrap();
    let up = async { while bus.declare(Exchange::topic("drover-test/up")).await.is_err() {} };
    tokio::time::timeout(UP_WITHIN, up).await.expect("the private RabbitMQ comes up");
    bus.close().await;
}
