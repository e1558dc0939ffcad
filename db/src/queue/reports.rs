//! `report_runs`.

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
    traces: Vec<Option<String>>,
}

impl ReportBatch {
    /// Adds a report: the run ended like this.
    pub fn push(
        &mut self,
        task_id: TaskId,
        run_id: RunId,
        state: TaskState,
        reason: ReasonResolved,
        trace: Option<String>,
    ) {
        self.task_ids.push(task_id.0);
        self.run_ids.push(run_id);
        self.states.push(state.code());
        self.reasons.push(reason.code());
        self.traces.push(trace);
    }
}

impl LaneConnection {
    /// `report_runs`: ends many runs, one answer each, in order; and the queues in which tasks became pending by it.
    pub async fn report_runs(
        &mut self,
        batch: &ReportBatch,
        now: DateTime<Utc>,
    ) -> Result<(Vec<TaskAnswer>, Vec<Woken>), DbError> {
        let traces = batch.traces.iter().any(Option::is_some).then_some(&batch.traces);
        let call = sqlx::query("select * from report_runs($1,$2,$3,$4,$5,$6)")
            .bind(&batch.task_ids)
            .bind(&batch.run_ids)
            .bind(&batch.states)
            .bind(&batch.reasons)
            .bind(traces)
            .bind(now);
        let result = call.fetch_all(self.ensure().await?).await.and_then(|rows| read_all(&rows));
        let (mut answers, woken) = self.settle(result)?;
        answers.sort_by_key(|answer| answer.place);
        Ok((answers, woken))
    }
}
