//! Whatever a task says of itself: either its messages pass the schema, or there is a problem to tell of.

use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value, json};

use super::env::{REVISION, builder, definition, prefixes, run, status};
use crate::{
    schema,
    state::TaskState,
    treeherder::{Dialect, JobTrigger, ReportedTask},
};

/// Short and long, plain and odd.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-zA-Z0-9_-]{1,30}",
        1 => "\\PC{0,300}",
        1 => "[\\x00-\\x20]{0,3}",
        1 => "[äß🦊.]{0,300}",
        1 => Just(String::new()),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => text().prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => vec(text(), 0..3).prop_map(Value::from),
        1 => text().prop_map(|key| json!({ key: true })),
        1 => text().prop_map(|platform| json!({ "platform": platform })),
    ]
}

fn config() -> impl Strategy<Value = Value> {
    let key = select(vec![
        "groupSymbol",
        "groupName",
        "tier",
        "jobKind",
        "machine",
        "labels",
        "collection",
        "productName",
        "reason",
        "x",
    ]);
    (option::weighted(0.9, text()), vec((key, value()), 0..4)).prop_map(|(symbol, fields)| {
        let mut config: Map<String, Value> = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        config.extend(symbol.map(|symbol| ("symbol".to_owned(), symbol.into())));
        Value::Object(config)
    })
}

fn route() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(format!("tc-treeherder.v2.autoland.{REVISION}.1")),
        1 => text().prop_map(|project| format!("tc-treeherder.v2.{project}.{REVISION}")),
        1 => text().prop_map(|revision| format!("tc-treeherder.v2.try.{revision}")),
        1 => text().prop_map(|rest| format!("tc-treeherder.{rest}")),
    ]
}

prop_compose! {
    fn task()(
        config in option::weighted(0.9, config()),
        routes in vec(route(), 1..3),
        (name, description, owner, worker_type) in (text(), text(), text(), text()),
    ) -> Value {
        let mut task = definition(&Value::Null);
        if let Some(config) = config {
            task["extra"]["treeherder"] = config;
        } else {
            task["extra"] = json!({});
        }
        task["routes"] = json!(routes);
        task["workerType"] = json!(worker_type);
        task["metadata"] = json!({ "name": name, "description": description, "owner": owner, "source": "" });
        task
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_message_is_valid_or_there_is_a_problem(
        task in task(),
        worker_id in option::of(text()),
        artifacts in vec(text(), 0..4),
        state in select(vec![TaskState::Running, TaskState::Completed, TaskState::Failed, TaskState::Exception]),
    ) {
        let task = ReportedTask::read(super::env::TASK.parse().unwrap(), &task.to_string(), &prefixes()).unwrap();
        prop_assert_eq!(task.destinations.len(), 1);
        let (Ok(config), Ok(destination)) = (&task.config, &task.destinations[0]) else { return Ok(()) };
        let mut run = run(0, state);
        run.worker_id = worker_id;
        let happened = &status(vec![run]);
        for (dialect, name) in [(Dialect::Present, "job-message"), (Dialect::Of2019, "job-message-2019")] {
            let happened = (happened, JobTrigger::Changed(0));
            let (jobs, _) = builder().jobs((&task, config), destination, happened, &artifacts, dialect);
            prop_assert_eq!(jobs.len(), 1);
            match jobs[0].message(destination, dialect) {
                Ok(message) => {
                    let body: Value = serde_json::from_slice(&message.body).unwrap();
                    prop_assert_eq!(schema::check("treeherder", name, &body), Ok(()));
                }
                Err(problem) => prop_assert!(!problem.to_string().is_empty() && problem.is_total()),
            }
        }
    }

    /// A valid task is always reported: no name that a person may give makes its jobs disappear.
    #[test]
    fn odd_words_alone_never_hide_a_task(
        name in "\\PC{1,300}", description in text(), owner in text(), artifacts in vec("\\PC{1,200}", 0..4),
    ) {
        let mut task = definition(&json!({ "symbol": "B" }));
        task["metadata"] = json!({ "name": name, "description": description, "owner": owner, "source": "" });
        let task = super::env::read(&task);
        let artifacts: Vec<&str> = artifacts.iter().map(String::as_str).collect();
        let happened = (&status(vec![run(0, TaskState::Completed)]), JobTrigger::Changed(0));
        for dialect in [Dialect::Present, Dialect::Of2019] {
            let (jobs, _) = super::env::jobs_of(&builder(), &task, happened, &artifacts, dialect);
            prop_assert_eq!(jobs.len(), 1);
        }
    }
}
