//! `report_runs`, `report_whole_runs`.

use chrono::{DateTime, Utc};
use protocol::{
    id::{RunId, TaskId},
    state::{ReasonResolved, TaskState},
};
use uuid::Uuid;

use super::answer::{TaskAnswer, Woken, read_all};
use crate::{DbError, LaneConnection};

/// The arrays of one call. No task may come twice in it.
#[derive(Debug, Default)]
pub struct ReportBatch {
    task_ids: Vec<Uuid>,
    run_ids: Vec<RunId>,
    states: Vec<i16>,
    reasons: Vec<i16>,
    whole: Vec<bool>,
    traces: Vec<Option<String>>,
}

impl ReportBatch {
    /// Adds a report: the run ended like this. `whole`: it may not be completed while an upload of it is unfinished.
    pub fn push(
        &mut self,
        task_id: TaskId,
        run_id: RunId,
        state: TaskState,
        reason: ReasonResolved,
        whole: bool,
        trace: Option<String>,
    ) {
        self.task_ids.push(task_id.0);
        self.run_ids.push(run_id);
        self.states.push(state.code());
        self.reasons.push(reason.code());
        self.whole.push(whole);
        self.traces.push(trace);
    }
}

impl LaneConnection {
    /// `report_runs` or `report_whole_runs`: ends many runs, one answer each, in order; and the queues in which tasks became pending by it.
    pub async fn report_runs(
        &mut self,
        batch: &ReportBatch,
        now: DateTime<Utc>,
    ) -> Result<(Vec<TaskAnswer>, Vec<Woken>), DbError> {
        let traces = batch.traces.iter().any(Option::is_some).then_some(&batch.traces);
        // Where nobody asks for it, nothing is paid for it.
        let whole = batch.whole.contains(&true);
        let text = if whole {
            "select * from report_whole_runs($1,$2,$3,$4,$7,$5,$6)"
        } else {
            "select * from report_runs($1,$2,$3,$4,$5,$6)"
        };
        let call = sqlx::query(text).bind(&batch.task_ids).bind(&batch.run_ids).bind(&batch.states);
        let call = call.bind(&batch.reasons).bind(traces).bind(now);
        let call = if whole { call.bind(&batch.whole) } else { call };
        let result = call.fetch_all(self.ensure().await?).await.and_then(|rows| read_all(&rows));
        let (mut answers, woken) = self.settle(result)?;
        answers.sort_by_key(|answer| answer.place);
        Ok((answers, woken))
    }
}
