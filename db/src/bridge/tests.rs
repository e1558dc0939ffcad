use chrono::TimeDelta;
use protocol::id::TaskId;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{BridgeRequest, BridgeState, Intent, MasterState, PendingCreate};
use crate::{Db, testing::TestDatabase};

const M: &str = "m";

struct TestEnv {
    db: Db,
    now: protocol::time::Timestamp,
    _database: TestDatabase,
}

impl TestEnv {
    async fn start() -> Self {
        let database = TestDatabase::create().await;
        let now = chrono::DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        Self { db: database.db().await, now, _database: database }
    }

    fn pending_create(&self, task: u8, run_id: i16) -> PendingCreate {
        let task_id = TaskId::from_random([task; 16]);
        PendingCreate {
            task_id,
            run_id,
            deadline: self.now + TimeDelta::hours(1),
            expires: self.now + TimeDelta::days(1),
        }
    }

    async fn want(&self, task: u8, run_id: i16) -> i32 {
        self.db.bridge_add_pending(M, &[self.pending_create(task, run_id)], self.now).await.unwrap()
    }

    async fn of(&self, task: u8) -> Vec<BridgeRequest> {
        self.db.bridge_requests_of(TaskId::from_random([task; 16])).await.unwrap()
    }

    async fn save(&self, request: &BridgeRequest) -> Option<i64> {
        self.db.bridge_save(request, self.now).await.unwrap()
    }
}

#[tokio::test]
async fn a_run_told_of_twenty_times_at_once_is_one_request() {
    let env = TestEnv::start().await;
    let pending_creates = [env.pending_create(1, 0)];
    let mut adds = JoinSet::new();
    for _ in 0..20 {
        let (db, pending_creates, now) = (env.db.clone(), pending_creates.clone(), env.now);
        adds.spawn(async move { db.bridge_add_pending(M, &pending_creates, now).await.unwrap() });
    }
    let added: i32 = adds.join_all().await.into_iter().sum();
    assert_eq!((added, env.of(1).await.len()), (1, 1));
}

#[tokio::test]
async fn a_later_run_is_bound_to_the_open_request_and_after_the_end_gets_its_own() {
    let env = TestEnv::start().await;
    env.want(1, 0).await;
    let mut request = env.of(1).await.remove(0);
    (request.state, request.request_id) = (BridgeState::Running, Some(7));
    assert_eq!(env.save(&request).await, Some(1));
    assert_eq!(env.want(1, 1).await, 1);
    let bound = env.of(1).await;
    assert_eq!((bound.len(), bound[0].run_id, bound[0].state), (1, 1, BridgeState::Created));
    assert_eq!(env.save(&request).await, None, "the one who looked before the binding writes nothing");

    let mut over = bound[0].clone();
    over.state = BridgeState::Resolved;
    env.save(&over).await.unwrap();
    env.want(1, 2).await;
    assert_eq!(env.of(1).await.iter().map(|it| it.first_run).collect::<Vec<_>>(), [0, 2]);
    assert_eq!(env.want(1, 1).await, 0, "a late word of an old run changes nothing");
}

#[tokio::test]
async fn a_run_after_a_cancel_is_never_bound_to_what_is_being_cancelled() {
    let env = TestEnv::start().await;
    env.want(1, 0).await;
    let runs = [(TaskId::from_random([1; 16]), 0)];
    assert_eq!(env.db.bridge_mark_cancelled(M, &runs, env.now).await.unwrap(), 1);
    assert_eq!(env.db.bridge_mark_cancelled(M, &runs, env.now).await.unwrap(), 0);
    env.want(1, 1).await;
    let both = env.of(1).await;
    assert_eq!(both.iter().map(|it| it.intent).collect::<Vec<_>>(), [Intent::Cancel, Intent::Run]);
    assert_eq!(env.db.bridge_mark_cancelled(M, &runs, env.now).await.unwrap(), 0, "run 1 is still wanted");
}

#[tokio::test]
async fn a_poke_during_a_look_makes_the_request_due_at_once() {
    let env = TestEnv::start().await;
    env.want(1, 0).await;
    let mut request = env.of(1).await.remove(0);
    request.request_id = Some(7);
    request.next_check = env.now + TimeDelta::minutes(5);
    env.save(&request).await.unwrap();
    let later = env.now + TimeDelta::seconds(10);
    assert!(env.db.bridge_due(M, &[], 10, later).await.unwrap().is_empty());
    assert_eq!(env.db.bridge_notify(M, Some(&[7, 8]), later).await.unwrap(), 1);
    let due = env.db.bridge_due(M, &[], 10, later).await.unwrap();
    assert_eq!(due.len(), 1);
    assert!(env.db.bridge_due(M, &[due[0].id], 10, later).await.unwrap().is_empty());
    let looked = |seen: &BridgeRequest| {
        let mut seen = seen.clone();
        seen.next_check = later + TimeDelta::minutes(5);
        [seen]
    };
    env.db.bridge_checked(&looked(&request), later).await.unwrap();
    assert_eq!(env.db.bridge_due(M, &[], 10, later).await.unwrap().len(), 1, "it was read before the notification");
    env.db.bridge_checked(&looked(&due[0]), later).await.unwrap();
    assert!(env.db.bridge_due(M, &[], 10, later).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_number_given_twice_begins_an_epoch_in_which_the_earlier_requests_are_lost() {
    let env = TestEnv::start().await;
    for task in [1, 2] {
        env.want(task, 0).await;
        let mut request = env.of(task).await.remove(0);
        (request.state, request.request_id) = (BridgeState::Created, Some(7));
        env.save(&request).await.unwrap();
    }
    let (old, new) = (env.of(1).await.remove(0), env.of(2).await.remove(0));
    assert_eq!((old.epoch, old.lost, new.epoch, new.lost), (0, true, 1, false));
}

#[tokio::test]
async fn one_process_leads_until_its_time_is_over_or_it_leaves() {
    let env = TestEnv::start().await;
    let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let until = env.now + TimeDelta::seconds(30);
    let lead = async |who, now| env.db.bridge_lead(M, who, until + (now - env.now), now).await.unwrap().leader;
    assert_eq!(lead(one, env.now).await, Some(one));
    assert_eq!(lead(two, env.now).await, Some(one));
    assert_eq!(lead(two, until).await, Some(two));
    assert_eq!(lead(one, until).await, Some(two));
    env.db.bridge_leave(M, two).await.unwrap();
    assert_eq!(lead(one, until).await, Some(one));
}

#[tokio::test]
async fn a_master_remembers_since_when_it_is_down_and_when_it_was_last_up() {
    let env = TestEnv::start().await;
    let later = env.now + TimeDelta::minutes(1);
    env.db.bridge_note_master(M, MasterState::Up, None, env.now).await.unwrap();
    for at in [later, later + TimeDelta::minutes(1)] {
        env.db.bridge_note_master(M, MasterState::Down, Some("no answer"), at).await.unwrap();
    }
    let master = env.db.bridge_masters().await.unwrap().remove(0);
    assert_eq!((master.state, master.since, master.last_ok), (MasterState::Down, later, Some(env.now)));
}

#[tokio::test]
async fn what_is_long_resolved_is_forgotten_with_its_runs() {
    let env = TestEnv::start().await;
    env.want(1, 0).await;
    env.want(2, 0).await;
    let mut over = env.of(1).await.remove(0);
    over.state = BridgeState::Resolved;
    env.save(&over).await.unwrap();
    assert_eq!(env.db.bridge_expire(env.now + TimeDelta::seconds(1), 100).await.unwrap(), 1);
    assert_eq!((env.of(1).await.len(), env.of(2).await.len()), (0, 1));
    assert_eq!(env.want(1, 0).await, 1);
    let counts = env.db.bridge_counts(M).await.unwrap();
    assert_eq!(
        counts.iter().map(|count| (count.state, count.requests)).collect::<Vec<_>>(),
        [(BridgeState::PendingCreate, 2)]
    );
}
