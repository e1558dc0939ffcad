//! What can be asked of the queue. Tasks are named by a number that is cut to those that exist.

use proptest::{prelude::*, sample::Index};
use protocol::state::{Priority, ReasonResolved, Requires};
use tests::model::Report;

pub(crate) const GROUPS: usize = 2;
pub(crate) const WORKERS: [&str; 2] = ["w1", "w2"];

#[derive(Debug, Clone)]
pub(crate) enum Command {
    Create { group: usize, priority: Priority, retries: i16, requires: Requires, dependencies: Vec<Index> },
    CreateAgain(Index),
    CreateDifferent(Index),
    CreateWithMissingDependency,
    Schedule(Index),
    Rerun(Index),
    Cancel(Index),
    ChangePriority(Index, Priority),
    ClaimWork { worker: usize, count: usize },
    ClaimTask { task: Index, run: usize, worker: usize },
    Reclaim { task: Index, run: usize },
    Report { task: Index, run: usize, report: Report },
    Seal(usize),
    CancelGroup(usize),
}

pub(crate) fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        10 => create(),
        1 => any::<Index>().prop_map(Command::CreateAgain),
        1 => any::<Index>().prop_map(Command::CreateDifferent),
        1 => Just(Command::CreateWithMissingDependency),
        1 => any::<Index>().prop_map(Command::Schedule),
        3 => any::<Index>().prop_map(Command::Rerun),
        2 => any::<Index>().prop_map(Command::Cancel),
        2 => (any::<Index>(), priority()).prop_map(|(task, to)| Command::ChangePriority(task, to)),
        8 => (worker(), 1..5_usize).prop_map(|(worker, count)| Command::ClaimWork { worker, count }),
        2 => (any::<Index>(), 0..3_usize, worker()).prop_map(|(task, run, worker)| Command::ClaimTask { task, run, worker }),
        2 => (any::<Index>(), 0..3_usize).prop_map(|(task, run)| Command::Reclaim { task, run }),
        14 => (any::<Index>(), 0..3_usize, report()).prop_map(|(task, run, report)| Command::Report { task, run, report }),
        1 => (0..GROUPS).prop_map(Command::Seal),
        1 => (0..GROUPS).prop_map(Command::CancelGroup),
    ]
}

fn create() -> impl Strategy<Value = Command> {
    let dependencies = prop_oneof![2 => Just(Vec::new()), 3 => prop::collection::vec(any::<Index>(), 1..4)];
    let requires = prop_oneof![3 => Just(Requires::AllCompleted), 1 => Just(Requires::AllResolved)];
    (0..GROUPS, priority(), 0..3_i16, requires, dependencies).prop_map(
        |(group, priority, retries, requires, dependencies)| Command::Create {
            group,
            priority,
            retries,
            requires,
            dependencies,
        },
    )
}

fn priority() -> impl Strategy<Value = Priority> {
    prop_oneof![3 => Just(Priority::Lowest), 1 => Just(Priority::Medium), 1 => Just(Priority::Highest)]
}

fn worker() -> impl Strategy<Value = usize> {
    0..WORKERS.len()
}

fn report() -> impl Strategy<Value = Report> {
    prop_oneof![
        6 => Just(Report::Completed),
        3 => Just(Report::Failed),
        2 => Just(Report::Exception(ReasonResolved::WorkerShutdown)),
        1 => Just(Report::Exception(ReasonResolved::IntermittentTask)),
        1 => Just(Report::Exception(ReasonResolved::MalformedPayload)),
    ]
}
