//! Runs of all workflows, page by page, and one with its timeline.

use axum::{Json, extract::State};
use serde::Deserialize;
use stagemark::{RunFilter, RunStatus as EngineStatus, RunSummary, Status, TaskStatus};
use stagemark_contest_contract::{OpsAttempt, OpsRun, OpsRunDetail, OpsTask, Page, RunStatus};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    Admin, Problem, Shared,
    body::{Path, Query},
    cursor::Cursors,
    runs::{moment, run_status, stage_state, status_of},
    trace,
};

const LIMIT: u32 = 50;
const LIMIT_MAX: u32 = 100;
const WORKFLOW_CHARS_MAX: usize = 80;
const CURSORS: Cursors = Cursors(b'o');

/// Which runs are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Those in this state.
    status: Option<RunStatus>,
    /// Those of this workflow.
    #[param(max_length = 80)]
    workflow: Option<String>,
    /// The page after this, as the page before gave it.
    #[param(max_length = 64)]
    cursor: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
}

/// A page of runs of all workflows, the latest first.
///
/// Where most runs are ready a page may be short, or empty, and there is a next one all the same.
#[utoipa::path(
    get, path = "/api/ops/runs", tag = "operations", params(Asked), security(("token" = [])),
    responses((status = 200, description = "The page", body = Page<OpsRun>), (status = 403, description = "forbidden")),
)]
pub(super) async fn ops_runs(
    State(api): State<Shared>,
    _admin: Admin,
    Query(asked): Query<Asked>,
) -> Result<Json<Page<OpsRun>>, Problem> {
    let limit = asked.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::field("limit", format!("must be from 1 to {LIMIT_MAX}")));
    }
    let mut filter = RunFilter::new().statuses(asked.status.map(wanted)).limit(limit);
    if let Some(workflow) = asked.workflow {
        if workflow.chars().count() > WORKFLOW_CHARS_MAX {
            return Err(Problem::field("workflow", format!("must have at most {WORKFLOW_CHARS_MAX} characters")));
        }
        filter = filter.workflow(workflow);
    }
    if let Some(cursor) = asked.cursor {
        let before = CURSORS.place(&cursor, |place| Uuid::from_slice(place).ok())?;
        filter = filter.before(before.into());
    }
    let page = api.engine.runs(&filter).await.map_err(|error| Problem::unavailable("listing runs", &error))?;
    let next_cursor = page.next.map(|run| CURSORS.behind(run.uuid().as_bytes()));
    Ok(Json(Page { items: page.runs.iter().map(listed).collect(), next_cursor }))
}

/// A run with its timeline.
#[utoipa::path(
    get, path = "/api/ops/runs/{run}", tag = "operations", params(("run" = Uuid, Path, description = "Which run")),
    responses(
        (status = 200, description = "The run", body = OpsRunDetail),
        (status = 403, description = "forbidden"),
        (status = 404, description = "not-found"),
    ),
    security(("token" = [])),
)]
pub(super) async fn ops_run(
    State(api): State<Shared>,
    _admin: Admin,
    Path(run): Path<Uuid>,
) -> Result<Json<OpsRunDetail>, Problem> {
    Ok(Json(detail(status_of(&api, run).await?.ok_or_else(Problem::not_found)?)))
}

fn wanted(status: RunStatus) -> Status {
    match status {
        RunStatus::Queued => Status::Queued,
        RunStatus::Running => Status::Running,
        RunStatus::Ready => Status::Ready,
        RunStatus::Failed => Status::Failed,
        RunStatus::Cancelled => Status::Cancelled,
    }
}

fn listed(summary: &RunSummary) -> OpsRun {
    OpsRun {
        run: summary.run.uuid(),
        workflow: summary.workflow.to_string(),
        status: run_status(summary.status),
        submitted_at: moment(summary.submitted),
        ended_at: summary.ended.map(moment),
    }
}

/// Operators see what the steps have said, word by word.
fn detail(status: EngineStatus) -> OpsRunDetail {
    let run = OpsRun {
        run: status.run.uuid(),
        workflow: status.workflow.to_string(),
        status: run_status(status.status),
        submitted_at: moment(status.submitted),
        ended_at: status.ended.map(moment),
    };
    let error = status.error.map(|error| error.chain).unwrap_or_default();
    let trace = status.trace.as_deref().and_then(trace::id_in);
    OpsRunDetail { run, error, trace, tasks: status.tasks.into_iter().map(task).collect() }
}

fn task(task: TaskStatus) -> OpsTask {
    let attempt = OpsAttempt {
        number: task.attempt,
        started_at: task.started.map(moment),
        finished_at: task.finished.map(moment),
        error: task.error,
    };
    OpsTask {
        step: task.step,
        item: task.item,
        state: stage_state(task.state),
        pass: task.pass,
        worker: task.worker.map(|worker| format!("{:032x}", worker.0)),
        reused: task.reused,
        attempt: (attempt.number > 0).then_some(attempt),
    }
}
