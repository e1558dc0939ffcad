//! `report_runs`, `report_complete_runs`.

use chrono::{DateTime, Utc};
use protocol::{
    id::{RunId, TaskId},
    state::{ReasonResolved, TaskState},
};
use uuid::Uuid;

use super::result::{NewlyPending, TaskResult, read_all};
use crate::{BatchConnection, DbError};

/// The arrays of one call. No task may come twice in it.
#[derive(Debug, Default)]
pub struct ReportBatch {
    task_ids: Vec<Uuid>,
    run_ids: Vec<RunId>,
    states: Vec<i16>,
    reasons: Vec<i16>,
    asked: Vec<bool>,
    traces: Vec<Option<String>>,
}

/// In which task queues a run may be completed while an upload of it is unfinished, unless the report itself asks for
/// complete uploads. Patterns of SQL's `like`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadExemptions(Vec<String>);

impl UploadExemptions {
    /// Everywhere.
    pub fn all() -> Self {
        Self(vec!["%".to_owned()])
    }

    /// In queues of these ids; a `*` at the end stands for any rest.
    pub fn of(queues: &[String]) -> Self {
        let escape = |c: char| if matches!(c, '%' | '_' | '\\') { vec!['\\', c] } else { vec![c] };
        let pattern = |id: &String| {
            let (begin, rest) = id.strip_suffix('*').map_or((id.as_str(), ""), |begin| (begin, "%"));
            begin.chars().flat_map(escape).chain(rest.chars()).collect()
        };
        Self(queues.iter().map(pattern).collect())
    }
}

impl ReportBatch {
    /// Adds a report: the run ended like this. `asked`: it may not be completed while an upload of it is unfinished,
    /// whatever is exempt.
    pub fn push(
        &mut self,
        task_id: TaskId,
        run_id: RunId,
        state: TaskState,
        reason: ReasonResolved,
        asked: bool,
        trace: Option<String>,
    ) {
        self.task_ids.push(task_id.0);
        self.run_ids.push(run_id);
        self.states.push(state.code());
        self.reasons.push(reason.code());
        self.asked.push(asked);
        self.traces.push(trace);
    }
}

impl BatchConnection {
    /// `report_runs` or `report_complete_runs`: ends many runs, one result each, in order; and the queues in which tasks
    /// became pending by it.
    pub async fn report_runs(
        &mut self,
        batch: &ReportBatch,
        exempt: &UploadExemptions,
        now: DateTime<Utc>,
    ) -> Result<(Vec<TaskResult>, Vec<NewlyPending>), DbError> {
        let traces = batch.traces.iter().any(Option::is_some).then_some(&batch.traces);
        // Only completed runs need the check of uploads.
        let checked = batch.states.contains(&TaskState::Completed.code());
        let text = if checked {
            "select * from report_complete_runs($1,$2,$3,$4,$7,$8,$5,$6)"
        } else {
            "select * from report_runs($1,$2,$3,$4,$5,$6)"
        };
        let call = sqlx::query(text).bind(&batch.task_ids).bind(&batch.run_ids).bind(&batch.states);
        let call = call.bind(&batch.reasons).bind(traces).bind(now);
        let call = if checked { call.bind(&batch.asked).bind(&exempt.0) } else { call };
        let result = call.fetch_all(self.ensure().await?).await.and_then(|rows| read_all(&rows));
        let (mut answers, newly_pending) = self.settle(result)?;
        answers.sort_by_key(|answer| answer.place);
        Ok((answers, newly_pending))
    }
}
