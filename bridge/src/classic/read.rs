//! Requests and builds, from the rows of the scheduler database.

use db::classic::{ClassicBuild, ClassicRequest};
use protocol::time::Timestamp;
use serde_json::Value;

use super::ClassicMaster;
use crate::driver::{
    Build, BuildId, BuildResult, BuilderId, BuildsetId, DriverError, DriverResult, Properties, Property, Request,
    RequestId,
};

pub(super) async fn requests(master: &ClassicMaster, ids: &[RequestId]) -> DriverResult<Vec<Request>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    Ok(master.db.requests(&ids).await?.iter().map(request).collect())
}

pub(super) async fn builds(master: &ClassicMaster, request: RequestId) -> DriverResult<Vec<Build>> {
    Ok(in_order(&master.db.builds(request.0).await?).into_iter().map(|build| with_worker(master, build)).collect())
}

pub(super) async fn running_builds(master: &ClassicMaster) -> DriverResult<Vec<Build>> {
    let rows = master.db.running_builds().await?;
    Ok(rows.iter().map(|row| with_worker(master, build(row, None))).collect())
}

/// The rows do not have the worker.
fn with_worker(master: &ClassicMaster, build: Build) -> Build {
    Build { worker: master.reports.worker(build.request.0, build.number), ..build }
}

/// Those of the request, and those that the master published about the build.
pub(super) async fn properties(master: &ClassicMaster, build: BuildId) -> DriverResult<Properties> {
    let row = master.db.build(build.0).await?.ok_or_else(|| DriverError::NotFound(format!("build {build}")))?;
    let rows = master.db.properties(row.request_id).await?;
    let mut properties: Properties =
        rows.into_iter().filter_map(|(name, value)| Some((name, property(&value)?))).collect();
    if let Some(report) = master.reports.of(row.request_id, row.number) {
        properties.extend(report.properties.iter().map(|(name, it)| (name.clone(), it.clone())));
    }
    Ok(properties)
}

/// From `[value, source]`.
fn property(text: &str) -> Option<Property> {
    let (value, source): (Value, String) = serde_json::from_str(text).ok()?;
    Some(Property { value, source })
}

fn request(row: &ClassicRequest) -> Request {
    Request {
        id: RequestId(row.id),
        buildset: BuildsetId(row.buildset_id),
        builder: builder_id(&row.builder),
        submitted: time(row.submitted_at),
        claimed: row.claimed_at != 0,
        result: ended(row.complete, row.claimed_at, row.results),
    }
}

/// Builders have no ids here; a hash of the name will do (FNV-1a).
pub(super) fn builder_id(name: &str) -> BuilderId {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    BuilderId((hash >> 1).cast_signed())
}

/// The result of a request. A completed one that was never claimed was cancelled, whatever its result says.
/// A completed request is not built again, so RETRY or an unknown number counts as an exception.
fn ended(complete: i64, claimed_at: i64, results: Option<i64>) -> Option<BuildResult> {
    if complete == 0 {
        return None;
    }
    if claimed_at == 0 {
        return Some(BuildResult::Cancelled);
    }
    let result = results.and_then(BuildResult::from_number).filter(|result| *result != BuildResult::Retry);
    Some(result.unwrap_or(BuildResult::Exception))
}

/// The builds of one request.
fn in_order(rows: &[ClassicBuild]) -> Vec<Build> {
    rows.iter().enumerate().map(|(at, row)| build(row, rows.get(at + 1))).collect()
}

/// Builds have no result of their own: the last build has that of its request. An earlier one ended with RETRY, and so did one
/// whose request waits again. There is a moment between the end of a build and the update of its request, in which the build counts as
/// running.
fn build(row: &ClassicBuild, next: Option<&ClassicBuild>) -> Build {
    let finished = row.finish_time.or(next.map(|next| next.start_time));
    let released = row.claimed_at == 0 && finished.is_some();
    let result = match next {
        Some(_) => Some(BuildResult::Retry),
        None if released => Some(BuildResult::Retry),
        None => ended(row.complete, row.claimed_at, row.results),
    };
    Build {
        id: BuildId(row.id),
        request: RequestId(row.request_id),
        number: row.number,
        worker: None,
        started: time(row.start_time),
        ended: result.and(finished).map(time),
        result,
        state: if result.is_some() { "finished" } else { "building" }.to_owned(),
        url: None,
    }
}

pub(super) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(seconds, 0).map(protocol::time::clamp).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn row(
        id: i64,
        finish_time: Option<i64>,
        claimed_at: i64,
        complete: i64,
        results: Option<i64>,
    ) -> ClassicBuild {
        ClassicBuild { id, number: id, request_id: 1, start_time: 10 * id, finish_time, claimed_at, complete, results }
    }

    #[test]
    fn a_build_ends_as_its_request_does_and_earlier_ones_were_to_be_repeated() {
        use BuildResult as R;
        let cases = [
            (row(1, None, 5, 0, None), None),
            (row(1, Some(12), 5, 0, None), None),
            (row(1, Some(12), 0, 0, None), Some(R::Retry)),
            (row(1, Some(12), 5, 1, Some(0)), Some(R::Success)),
            (row(1, Some(12), 5, 1, Some(6)), Some(R::Cancelled)),
            (row(1, Some(12), 5, 1, Some(5)), Some(R::Exception)),
            (row(1, Some(12), 5, 1, Some(77)), Some(R::Exception)),
            (row(1, Some(12), 5, 1, None), Some(R::Exception)),
            (row(1, Some(12), 0, 1, Some(2)), Some(R::Retry)),
        ];
        for (row, result) in cases {
            assert_eq!(in_order(std::slice::from_ref(&row))[0].result, result, "{row:?}");
        }
        let killed = in_order(&[row(1, None, 5, 1, Some(0)), row(2, Some(25), 5, 1, Some(0))]);
        assert_eq!((killed[0].result, killed[0].ended), (Some(R::Retry), Some(time(20))));
        assert_eq!((killed[1].result, killed[1].ended), (Some(R::Success), Some(time(25))));
    }

    #[test]
    fn a_request_that_is_over_and_was_never_claimed_was_cancelled() {
        assert_eq!(ended(1, 0, Some(2)), Some(BuildResult::Cancelled));
        assert_eq!(ended(1, 9, Some(2)), Some(BuildResult::Failure));
        assert_eq!(ended(0, 0, Some(2)), None);
    }

    #[test]
    fn a_builder_has_one_number() {
        assert_eq!(builder_id("linux"), builder_id("linux"));
        assert_ne!(builder_id("linux"), builder_id("mac"));
    }
}
