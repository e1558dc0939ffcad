//! Buffering logs, with a driver that has only logs. `tests/buildbot/` tests the artifacts.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use futures_util::TryStreamExt;

use super::{render::tests::step, spool::Spool};
use crate::driver::{
    Build, BuildId, Builder, Checked, Created, DriverError, DriverResult, EventSource, Line, LineKind, Lines, Log,
    LogId, LogKind, MasterDriver, NewRequest, Properties, Request, RequestId, Step,
};

/// Has logs, and counts the lines that were read.
#[derive(Default)]
struct Logs(Mutex<(BTreeMap<i64, Vec<Line>>, usize)>);

impl Logs {
    fn add(&self, log: i64, kind: LineKind, text: &str) {
        self.lock().0.entry(log).or_default().push(Line { kind, text: text.to_owned() });
    }

    fn given(&self) -> usize {
        self.lock().1
    }

    fn lock(&self) -> MutexGuard<'_, (BTreeMap<i64, Vec<Line>>, usize)> {
        self.0.lock().unwrap()
    }

    fn log(&self, id: i64, complete: bool) -> Log {
        let lines = self.lock().0.get(&id).map_or(0, |lines| lines.len() as u64);
        Log { id: LogId(id), name: "stdio".to_owned(), slug: "stdio".to_owned(), kind: LogKind::Stdio, lines, complete }
    }
}

fn unexpected<T>() -> DriverResult<T> {
    Err(DriverError::Refused("unexpected call".to_owned()))
}

#[async_trait::async_trait]
impl MasterDriver for Logs {
    async fn lines(&self, LogId(log): LogId, offset: u64, limit: u32) -> DriverResult<Lines> {
        let (logs, given) = &mut *self.lock();
        let all = logs.get(&log).map(Vec::as_slice).unwrap_or_default();
        let from = all.iter().skip(usize::try_from(offset).unwrap());
        let lines: Vec<Line> = from.take(usize::try_from(limit).unwrap()).cloned().collect();
        *given += lines.len();
        Ok(Lines { first: offset, lines })
    }

    async fn check(&self) -> DriverResult<Checked> {
        unexpected()
    }
    async fn builders(&self) -> DriverResult<Vec<Builder>> {
        unexpected()
    }
    async fn create(&self, _: &NewRequest) -> DriverResult<Created> {
        unexpected()
    }
    async fn lookup(&self, _: &str) -> DriverResult<Option<Created>> {
        unexpected()
    }
    async fn requests(&self, _: &[RequestId]) -> DriverResult<Vec<Request>> {
        unexpected()
    }
    async fn newest_request(&self) -> DriverResult<Option<RequestId>> {
        unexpected()
    }
    async fn builds(&self, _: RequestId) -> DriverResult<Vec<Build>> {
        unexpected()
    }
    async fn properties(&self, _: BuildId) -> DriverResult<Properties> {
        unexpected()
    }
    async fn steps(&self, _: BuildId) -> DriverResult<Vec<Step>> {
        unexpected()
    }
    async fn cancel(&self, _: RequestId, _: &str) -> DriverResult<()> {
        unexpected()
    }
    async fn stop(&self, _: BuildId, _: &str) -> DriverResult<()> {
        unexpected()
    }
    fn events(&self) -> Box<dyn EventSource> {
        unreachable!("unexpected call")
    }
}

async fn text(stream: impl futures_util::Stream<Item = std::io::Result<bytes::Bytes>>) -> String {
    let pieces: Vec<_> = stream.try_collect().await.unwrap();
    String::from_utf8(pieces.concat()).unwrap()
}

#[tokio::test]
async fn a_log_that_grows_is_read_once_and_without_its_headers() {
    let (logs, mut spool) = (Logs::default(), Spool::new().unwrap());
    logs.add(7, LineKind::Header, "PATH=/secret");
    logs.add(7, LineKind::Out, "one");
    assert!(spool.read_new(&logs, &logs.log(7, false)).await.unwrap());
    assert!(!spool.is_complete());
    assert!(!spool.read_new(&logs, &logs.log(7, false)).await.unwrap());

    logs.add(7, LineKind::Err, "two");
    assert!(spool.read_new(&logs, &logs.log(7, true)).await.unwrap());
    assert!(spool.is_complete());
    assert_eq!(text(spool.log(LogId(7))).await, "one\ntwo\n");
    assert_eq!(logs.given(), 3);
}

#[tokio::test]
async fn a_long_log_is_read_in_pieces() {
    let (logs, mut spool) = (Logs::default(), Spool::new().unwrap());
    (0..2500).for_each(|number| logs.add(7, LineKind::Out, &format!("line {number}")));
    spool.read_new(&logs, &logs.log(7, true)).await.unwrap();
    let text = text(spool.log(LogId(7))).await;
    assert!(text.starts_with("line 0\n") && text.ends_with("line 2499\n") && text.lines().count() == 2500);
}

#[tokio::test]
async fn the_log_of_a_build_has_its_steps_in_order() {
    let (logs, mut spool) = (Logs::default(), Spool::new().unwrap());
    logs.add(1, LineKind::Out, "built");
    logs.add(2, LineKind::Header, "SECRET=1");
    logs.add(3, LineKind::Out, "tested");
    let steps = [
        step("build", &[(1, "stdio", LogKind::Stdio)]),
        step("quiet", &[(2, "stdio", LogKind::Stdio), (4, "page", LogKind::Html)]),
        step("silent", &[]),
        step("test", &[(3, "stdio", LogKind::Stdio)]),
    ];
    for log in [1, 2, 3] {
        spool.read_new(&logs, &logs.log(log, true)).await.unwrap();
    }
    let all = text(spool.all(&steps)).await;
    let shown: Vec<&str> = all.lines().map(|line| line.split(" (").next().unwrap()).collect();
    let expected = [
        "========= Started build",
        "built",
        "========= Finished build",
        "========= Started quiet",
        "========= Finished quiet",
        "========= Started test",
        "tested",
        "========= Finished test",
    ];
    assert_eq!(shown, expected);
    assert!(spool.is_empty(LogId(2)));
}
