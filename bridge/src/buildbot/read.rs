//! Requests, builds, steps and logs.

use futures_util::future::try_join_all;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    BuildbotMaster,
    http::Http,
    invalid,
    wire::{WireBuild, WireChunk, WireLog, WireProperties, WireRequest, WireStep, properties as read_properties},
};
use crate::driver::{
    Build, BuildId, DriverError, DriverResult, Line, LineKind, Lines, Log, LogId, LogKind, Properties, Request,
    RequestId, Step,
};

/// How many requests are read with one call; their ids are in the URL.
const GROUP: usize = 50;
/// A master may limit its pages. More than this means that its total is wrong.
const MAX_PAGES: usize = 1000;
/// How many kinds of logs are cached.
const MAX_LOGS: usize = 20_000;
/// How many ended steps are cached.
const MAX_STEPS: usize = 5_000;

/// All rows of a collection, which the master may return in pages. `path` must have a query.
pub(super) async fn list<T: DeserializeOwned>(http: &Http, path: &str, key: &str) -> DriverResult<Vec<T>> {
    let mut rows: Vec<T> = Vec::new();
    for _ in 0..MAX_PAGES {
        let path = if rows.is_empty() { path.to_owned() } else { format!("{path}&offset={}", rows.len()) };
        let mut page: Value = http.get(&path).await?;
        let total = page["meta"]["total"].as_u64();
        let page: Vec<T> =
            serde_json::from_value(page[key].take()).map_err(|error| invalid(format_args!("`{key}`: {error}")))?;
        let last = page.is_empty();
        rows.extend(page);
        if last || total.is_none_or(|total| rows.len() as u64 >= total) {
            return Ok(rows);
        }
    }
    Err(invalid(format_args!("`{key}` has no end")))
}

pub(super) async fn requests(http: &Http, ids: &[RequestId]) -> DriverResult<Vec<Request>> {
    let groups = ids.chunks(GROUP).map(|group| async move {
        let ids: Vec<String> = group.iter().map(|id| format!("buildrequestid={id}")).collect();
        list::<WireRequest>(http, &format!("api/v2/buildrequests?{}", ids.join("&")), "buildrequests").await
    });
    Ok(try_join_all(groups).await?.into_iter().flatten().map(Request::from).collect())
}

pub(super) async fn newest_request(http: &Http) -> DriverResult<Option<RequestId>> {
    #[derive(Deserialize)]
    struct Page {
        buildrequests: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        buildrequestid: i64,
    }
    let path = "api/v2/buildrequests?order=-buildrequestid&limit=1&field=buildrequestid";
    let page: Page = http.get(path).await?;
    Ok(page.buildrequests.first().map(|row| RequestId(row.buildrequestid)))
}

pub(super) async fn builds(master: &BuildbotMaster, request: RequestId) -> DriverResult<Vec<Build>> {
    let path = format!("api/v2/buildrequests/{request}/builds?order=buildid");
    with_workers(master, list(&master.http, &path, "builds").await?).await
}

pub(super) async fn running_builds(master: &BuildbotMaster) -> DriverResult<Vec<Build>> {
    with_workers(master, list(&master.http, "api/v2/builds?complete=false&order=buildid", "builds").await?).await
}

/// A build has its worker's id from the start, but its property `workername` only later.
async fn with_workers(master: &BuildbotMaster, builds: Vec<WireBuild>) -> DriverResult<Vec<Build>> {
    let base = master.http.base().as_str();
    let mut named = Vec::with_capacity(builds.len());
    for build in builds {
        let worker = match build.workerid {
            Some(id) => worker_name(master, id).await?,
            None => None,
        };
        named.push(build.into_build(base, worker));
    }
    Ok(named)
}

/// Workers keep their names, so each is read once.
async fn worker_name(master: &BuildbotMaster, id: i64) -> DriverResult<Option<String>> {
    #[derive(Deserialize)]
    struct Page {
        workers: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        name: String,
    }
    if let Some(name) = master.cache.lock().await.worker_names.get(&id) {
        return Ok(Some(name.clone()));
    }
    let page: Page = match master.http.get(&format!("api/v2/workers/{id}?field=name")).await {
        Err(DriverError::NotFound(_)) => return Ok(None),
        answer => answer?,
    };
    let Some(Row { name }) = page.workers.into_iter().next() else { return Ok(None) };
    master.cache.lock().await.worker_names.insert(id, name.clone());
    Ok(Some(name))
}

pub(super) async fn properties(http: &Http, build: BuildId) -> DriverResult<Properties> {
    #[derive(Deserialize)]
    struct Page {
        properties: Vec<WireProperties>,
    }
    let page: Page = http.get(&format!("api/v2/builds/{build}/properties")).await?;
    Ok(page.properties.into_iter().next().map(read_properties).unwrap_or_default())
}

pub(super) async fn steps(master: &BuildbotMaster, build: BuildId) -> DriverResult<Vec<Step>> {
    let http = &master.http;
    let mut steps: Vec<WireStep> = list(http, &format!("api/v2/builds/{build}/steps?order=number"), "steps").await?;
    steps.sort_by_key(|step| step.stepid);
    let logs = try_join_all(steps.iter().map(|step| logs(master, step))).await?;
    let steps: Vec<Step> = steps.into_iter().zip(logs).map(|(step, logs)| step.with_logs(logs)).collect();
    remember(master, steps.iter().flat_map(|step| &step.logs)).await;
    Ok(steps)
}

/// A step that has ended gets no more logs, so those of each step of a followed build are read once.
async fn logs(master: &BuildbotMaster, step: &WireStep) -> DriverResult<Vec<Log>> {
    if let Some(logs) = master.cache.lock().await.ended_steps.get(&step.key()) {
        return Ok(logs.clone());
    }
    let path = format!("api/v2/steps/{}/logs?order=logid", step.stepid);
    let logs: Vec<WireLog> = list(&master.http, &path, "logs").await?;
    let logs: Vec<Log> = logs.into_iter().map(Log::from).collect();
    if step.complete && logs.iter().all(|log| log.complete) {
        let known = &mut master.cache.lock().await.ended_steps;
        if known.len() > MAX_STEPS {
            known.clear();
        }
        known.insert(step.key(), logs.clone());
    }
    Ok(logs)
}

pub(super) async fn lines(master: &BuildbotMaster, log: LogId, offset: u64, limit: u32) -> DriverResult<Lines> {
    #[derive(Deserialize)]
    struct Page {
        logchunks: Vec<WireChunk>,
    }
    let LogId(id) = log;
    let kind = kind(master, log).await?;
    let page: Page = master.http.get(&format!("api/v2/logs/{id}/contents?offset={offset}&limit={limit}")).await?;
    let chunk = page.logchunks.into_iter().next().ok_or_else(|| invalid("a log without content"))?;
    if chunk.firstline != offset && !chunk.content.is_empty() {
        return Err(invalid(format_args!("line {} of log {id} where {offset} was asked for", chunk.firstline)));
    }
    Ok(Lines { first: offset, lines: split(&chunk.content, kind) })
}

/// In output, the first letter of each line is its stream; lines of other logs have no such letter.
fn split(content: &str, kind: LogKind) -> Vec<Line> {
    if content.is_empty() {
        return Vec::new();
    }
    let content = content.strip_suffix('\n').unwrap_or(content);
    content.split('\n').map(|line| if kind == LogKind::Stdio { output_line(line) } else { out(line) }).collect()
}

fn output_line(line: &str) -> Line {
    let kind = match line.as_bytes().first() {
        Some(b'o') => LineKind::Out,
        Some(b'e') => LineKind::Err,
        // An unknown stream must not be published either.
        _ => LineKind::Header,
    };
    let rest = line.char_indices().nth(1).map_or("", |(at, _)| &line[at..]);
    Line { kind, text: rest.to_owned() }
}

fn out(line: &str) -> Line {
    Line { kind: LineKind::Out, text: line.to_owned() }
}

async fn kind(master: &BuildbotMaster, log: LogId) -> DriverResult<LogKind> {
    #[derive(Deserialize)]
    struct Page {
        logs: Vec<WireLog>,
    }
    if let Some(kind) = master.cache.lock().await.logs.get(&log) {
        return Ok(*kind);
    }
    let page: Page = master.http.get(&format!("api/v2/logs/{}", log.0)).await?;
    let found = page.logs.into_iter().next().map(Log::from);
    let found = found.ok_or_else(|| DriverError::NotFound(format!("log {}", log.0)))?;
    remember(master, std::iter::once(&found)).await;
    Ok(found.kind)
}

async fn remember(master: &BuildbotMaster, logs: impl Iterator<Item = &Log>) {
    let known = &mut master.cache.lock().await.logs;
    if known.len() > MAX_LOGS {
        known.clear();
    }
    known.extend(logs.map(|log| (log.id, log.kind)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_output_tells_its_stream_and_keeps_its_text() {
        let lines = split("ohello\neworse\nhPATH=/secret\no\noünder\n", LogKind::Stdio);
        let expected = [
            (LineKind::Out, "hello"),
            (LineKind::Err, "worse"),
            (LineKind::Header, "PATH=/secret"),
            (LineKind::Out, ""),
            (LineKind::Out, "ünder"),
        ];
        let lines: Vec<_> = lines.iter().map(|line| (line.kind, line.text.as_str())).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_line_of_an_unknown_stream_counts_as_header() {
        assert_eq!(split("xPATH=/secret\n", LogKind::Stdio)[0].kind, LineKind::Header);
        assert_eq!(split("\n", LogKind::Stdio)[0].kind, LineKind::Header);
    }

    #[test]
    fn other_logs_keep_their_first_letter() {
        assert_eq!(
            split("hello\n\nworld\n", LogKind::Text).iter().map(|it| it.text.as_str()).collect::<Vec<_>>(),
            ["hello", "", "world"]
        );
        assert!(split("", LogKind::Text).is_empty());
    }
}
