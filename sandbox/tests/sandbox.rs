//! Real sandboxes: as root with a user of their own, and without privileges.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    io::Read,
    net::TcpListener,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{fs::PermissionsExt, process::CommandExt},
    },
    path::PathBuf,
    process::Command,
    time::Duration,
};

use rustix::process::{Signal, geteuid};
use sandbox::{Access, Account, End, Execution, Limits, Plan, Sandbox, View};

const UID: u32 = 398_765;

struct Fixture {
    directory: tempfile::TempDir,
    is_mapped: bool,
}

impl Fixture {
    fn new(is_mapped: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        for name in ["root", "task"] {
            let path = directory.path().join(name);
            fs::create_dir(&path).unwrap();
            if geteuid().is_root() {
                std::os::unix::fs::chown(path, Some(UID), Some(UID)).unwrap();
            }
        }
        Self { directory, is_mapped }
    }

    fn plan(&self) -> Plan {
        let (uid, gid) = (uid(), uid());
        let account = Account {
            uid,
            gid,
            groups: vec![],
            is_mapped: self.is_mapped,
            name: "task".to_owned(),
            home: "/task".into(),
        };
        let task =
            View { source: self.directory.path().join("task"), target: "/task".into(), access: Access::ReadWrite };
        Plan {
            account,
            hostname: "task".to_owned(),
            staging: self.directory.path().join("root"),
            image: None,
            views: vec![task],
            hidden: vec![self.directory.path().join("hidden")],
            listeners: 1,
            limits: Limits { shared_memory: 1 << 20, processes: None },
        }
    }

    async fn start(&self) -> Sandbox {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_sandbox-init"));
        let mut command = Command::new(&program);
        if self.is_mapped && geteuid().is_root() {
            // Where an ordinary user can start it.
            let copy = self.directory.path().join("sandbox-init");
            fs::copy(program, &copy).unwrap();
            command = Command::new(copy);
            command.uid(UID).gid(UID);
        }
        Sandbox::start(command, &self.plan()).await.unwrap()
    }
}

fn uid() -> u32 {
    if geteuid().is_root() { UID } else { geteuid().as_raw() }
}

/// Runs a script to its end: how it ended, and what it wrote.
async fn run(sandbox: &Sandbox, script: &str) -> (End, String) {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let writer = OwnedFd::from(writer);
    let null = fs::File::open("/dev/null").unwrap();
    let execution = execution(script);
    let mut running = sandbox.execute(&execution, [null.as_fd(), writer.as_fd(), writer.as_fd()]).await.unwrap();
    drop(writer);
    let end = tokio::time::timeout(Duration::from_secs(20), running.wait()).await.unwrap().unwrap();
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    (end, text)
}

fn execution(script: &str) -> Execution {
    Execution {
        command: ["sh", "-c", script].map(str::to_owned).to_vec(),
        env: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
        directory: "/task".into(),
        is_session: false,
    }
}

async fn for_each_kind(test: impl AsyncFn(&Fixture, Sandbox)) {
    let kinds: &[bool] = if geteuid().is_root() { &[false, true] } else { &[true] };
    for is_mapped in kinds {
        let fixture = Fixture::new(*is_mapped);
        let sandbox = fixture.start().await;
        test(&fixture, sandbox).await;
    }
}

#[tokio::test]
async fn a_program_has_its_directory_and_no_rights() {
    for_each_kind(async |fixture, sandbox| {
        let script = "id -u; hostname; pwd; echo kept > file; cat /etc/shadow /root/.bashrc 2>&1 | wc -l; ls /proc | grep -c '^[0-9]'
            grep -E 'NoNewPrivs|Seccomp:|CapEff|CapBnd|SigBlk' /proc/self/status; ls -A /; exit 7";
        let (end, text) = run(&sandbox, script).await;
        assert_eq!((end.code, end.signal), (Some(7), None), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..3], [uid().to_string().as_str(), "task", "/task"], "{text}");
        for words in ["NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000", "SigBlk:\t0000000000000000"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(text.contains("CapBnd:\t0000000000000000"), "{text}");
        assert_eq!(fs::read_to_string(fixture.directory.path().join("task/file")).unwrap(), "kept\n");
        println!("{text}");
    })
    .await;
}

#[tokio::test]
async fn what_a_program_leaves_ends_with_it() {
    for_each_kind(async |_, sandbox| {
        let script =
            "setsid sh -c 'trap \"\" TERM; touch up; sleep 1000; sleep 1000' & until test -e up; do sleep 0.01; done";
        let (end, _) = run(&sandbox, script).await;
        assert_eq!(end.code, Some(0));
        assert!(end.left >= 1, "{end:?}");
        let (_, text) = run(&sandbox, "cat /proc/[0-9]*/comm | sort -u").await;
        assert!(!text.contains("sleep"), "{text}");
    })
    .await;
}

#[tokio::test]
async fn a_program_that_is_not_there_is_an_error() {
    for_each_kind(async |_, sandbox| {
        let mut execution = execution("");
        execution.command = vec!["no-such-program".to_owned()];
        let null = fs::File::open("/dev/null").unwrap();
        let error = sandbox.execute(&execution, [null.as_fd(); 3]).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    })
    .await;
}

#[tokio::test]
async fn signals_reach_the_whole_session_and_the_end_is_reported() {
    for_each_kind(async |_, sandbox| {
        let null = fs::File::open("/dev/null").unwrap();
        let mut running = sandbox.execute(&execution("sleep 1000 & wait"), [null.as_fd(); 3]).await.unwrap();
        running.signal(Signal::TERM).await.unwrap();
        assert_eq!(running.wait().await.unwrap().signal, Some(15));
    })
    .await;
}

#[tokio::test]
async fn the_network_is_a_loopback_that_only_the_holder_of_its_socket_answers() {
    let host = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = host.local_addr().unwrap().port();
    for_each_kind(async |_, mut sandbox| {
        let inside = sandbox.take_listener().unwrap();
        let own = inside.local_addr().unwrap();
        let answering = std::thread::spawn(move || {
            use std::io::Write;
            inside.accept().unwrap().0.write_all(b"answered").unwrap();
        });
        let script = format!(
            "bash -c 'exec 3<>/dev/tcp/127.0.0.1/{}; cat <&3; echo; exec 3<>/dev/tcp/127.0.0.1/{port} && echo ESCAPED'",
            own.port()
        );
        let (_, text) = run(&sandbox, &script).await;
        assert!(text.starts_with("answered\n") && !text.contains("ESCAPED"), "{text}");
        answering.join().unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_session_has_a_terminal() {
    for_each_kind(async |_, sandbox| {
        let mut session = execution("tty; stty size; exit 3");
        session.is_session = true;
        let mut running = sandbox.open_session(&session).await.unwrap();
        let mut terminal = fs::File::from(running.take_terminal().unwrap());
        assert_eq!(running.wait().await.unwrap().code, Some(3));
        let mut text = vec![0; 4096];
        let length = terminal.read(&mut text).unwrap();
        let text = String::from_utf8_lossy(&text[..length]).into_owned();
        assert!(text.starts_with("/dev/pts/0"), "{text}");
    })
    .await;
}

#[tokio::test]
async fn nothing_is_left_when_the_handle_goes() {
    for_each_kind(async |fixture, sandbox| {
        let null = fs::File::open("/dev/null").unwrap();
        let _running = sandbox.execute(&execution("exec sleep 7654321"), [null.as_fd(); 3]).await.unwrap();
        sandbox.end().await.unwrap();
        let left = || {
            fs::read_dir("/proc").unwrap().flatten().any(|entry| {
                fs::read(entry.path().join("cmdline"))
                    .is_ok_and(|line| String::from_utf8_lossy(&line).contains("7654321"))
            })
        };
        tokio::time::timeout(Duration::from_secs(5), async {
            while left() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
        assert!(!mounts.contains(fixture.directory.path().to_str().unwrap()), "{mounts}");
    })
    .await;
}
