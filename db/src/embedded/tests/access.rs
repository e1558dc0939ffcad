//! Nobody but the user who started the server gets in, and nobody else reads what lies around it.

use std::os::unix::fs::MetadataExt as _;

use super::super::{Embedded, spawn};
use super::*;

/// The user `nobody`: its id is the same on every Linux.
const OTHER: u32 = 65534;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o777
}

/// Why somebody else cannot connect. The kernel keeps user ids per thread, so a thread gives its own away.
#[allow(unsafe_code, reason = "the C library's own call changes all threads")]
fn refused_to_others(url: &str) -> String {
    let url = url.to_owned();
    let outsider = std::thread::spawn(move || {
        // SAFETY: plain numbers; only this thread changes, and it ends below.
        assert_eq!(unsafe { libc::syscall(libc::SYS_setresuid, OTHER, OTHER, OTHER) }, 0);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let options: PgConnectOptions = url.parse().unwrap();
        runtime.block_on(options.connect()).map(drop).unwrap_err().to_string()
    });
    outsider.join().expect("another user could connect")
}

/// Takes away all protection but the server's own rules.
fn open_socket(home: &Path) {
    let socket = home.join("postgres/socket");
    fs::set_permissions(home.join("postgres"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(socket.join(".s.PGSQL.5432"), fs::Permissions::from_mode(0o777)).unwrap();
}

#[tokio::test]
async fn another_user_reaches_neither_the_socket_nor_the_server() {
    if spawn::effective_uid() != 0 {
        return; // Only root can become somebody else.
    }
    let home = directory();
    let server = Embedded::start(settings(home.path())).await.unwrap();
    let words = refused_to_others(server.url());
    assert!(words.contains("Permission denied"), "{words}");
    open_socket(home.path());
    let words = refused_to_others(server.url());
    assert!(words.contains("eer authentication failed"), "{words}");
    assert_eq!(number(server.url(), "select 1::bigint").await.unwrap(), 1);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn data_that_let_everybody_in_are_closed_by_the_next_start() {
    let home = directory();
    Embedded::start(settings(home.path())).await.unwrap().stop().await.unwrap();
    let rules = home.path().join("postgres/data/pg_hba.conf");
    fs::write(&rules, "local all all trust\nhost all all 127.0.0.1/32 trust\n").unwrap();
    let server = Embedded::start(settings(home.path())).await.unwrap();
    let others = "select count(*) from pg_hba_file_rules where auth_method <> 'peer' or type <> 'local'";
    assert_eq!(number(server.url(), others).await.unwrap(), 0);
    if spawn::effective_uid() == 0 {
        open_socket(home.path());
        assert!(refused_to_others(server.url()).contains("eer authentication failed"));
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn directories_and_logs_are_for_their_owners_also_where_they_were_wider() {
    let home = directory();
    let root = home.path().join("postgres");
    fs::create_dir(&root).unwrap();
    for file in ["lock", "postgres.log"] {
        fs::write(root.join(file), "").unwrap();
        fs::set_permissions(root.join(file), fs::Permissions::from_mode(0o666)).unwrap();
    }
    fs::set_permissions(&root, fs::Permissions::from_mode(0o777)).unwrap();
    let server = Embedded::start(settings(home.path())).await.unwrap();
    // As root, the group of the server's user may pass through.
    assert_eq!(mode(&root), if spawn::effective_uid() == 0 { 0o710 } else { 0o700 });
    assert_eq!(["data", "socket"].map(|name| mode(&root.join(name))), [0o700; 2]);
    assert_eq!(["lock", "postgres.log"].map(|name| mode(&root.join(name))), [0o600; 2]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_runs_is_found_by_its_directory() {
    let home = directory();
    assert_eq!(Embedded::running(&settings(home.path())).unwrap(), None);
    let server = Embedded::start(settings(home.path())).await.unwrap();
    assert_eq!(Embedded::running(&settings(home.path())).unwrap().as_deref(), Some(server.url()));
    server.stop().await.unwrap();
    assert_eq!(Embedded::running(&settings(home.path())).unwrap(), None);
}
