//! The end of machines.

use super::AwsEnv;
use provisioner::{
    decision::FailureClass,
    provider::{MachineState, Provider, ProviderError},
};

#[tokio::test]
async fn machines_end_and_those_that_are_gone_stop_nobody() {
    let Some(env) = AwsEnv::start().await else { return };
    let made = env.aws.launch(&env.launch("us-west-2", 3)).await.unwrap().machines;
    let mut ids: Vec<String> = made.into_iter().map(|it| it.id).collect();
    ids.insert(1, "i-00000000000000000".to_owned());
    let all_ended = [Ok(()), Ok(()), Ok(()), Ok(())];
    assert_eq!(env.aws.terminate("us-west-2", &ids).await.unwrap(), all_ended);
    assert!(env.sent("TerminateInstances") <= 4);
    assert_eq!(env.aws.terminate("us-west-2", &ids).await.unwrap(), all_ended, "a repeat changes nothing");
    let (seen, _) = env.list("us-west-2").await;
    assert!(seen.iter().all(|it| it.state == MachineState::Ended), "{seen:?}");
}

#[tokio::test]
async fn one_machine_that_cannot_be_ended_keeps_no_other_alive() {
    let Some(env) = AwsEnv::start().await else { return };
    let protected = env.aws.launch(&env.launch("us-west-2", 1)).await.unwrap().machines.remove(0).id;
    env.proxy.change(|rules| _ = rules.protected.insert(protected.clone()));
    let others = env.aws.launch(&env.launch("us-west-2", 3)).await.unwrap().machines;
    let mut ids: Vec<String> = others.into_iter().map(|it| it.id).collect();
    ids.insert(2, protected.clone());
    let outcomes = env.aws.terminate("us-west-2", &ids).await.unwrap();
    let failed: Vec<_> = ids.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_err()).map(|(id, _)| id).collect();
    assert_eq!(failed, [&protected], "{outcomes:?}");
    let (seen, _) = env.list("us-west-2").await;
    let alive: Vec<_> = seen.iter().filter(|it| it.state == MachineState::Running).map(|it| &it.id).collect();
    assert_eq!(alive, [&protected]);
}

#[tokio::test]
async fn a_throttled_or_lost_end_is_no_ones_outcome() {
    let Some(env) = AwsEnv::start().await else { return };
    let id = env.aws.launch(&env.launch("us-west-2", 1)).await.unwrap().machines.remove(0).id;
    env.proxy.change(|rules| {
        rules.throttle.insert("TerminateInstances".to_owned(), 1);
    });
    let error = env.aws.terminate("us-west-2", std::slice::from_ref(&id)).await.unwrap_err();
    assert!(matches!(error, ProviderError::Refused { class: FailureClass::Throttle, .. }), "{error}");
    env.proxy.change(|rules| {
        rules.lose_answer.insert("TerminateInstances".to_owned(), 1);
    });
    let error = env.aws.terminate("us-west-2", &[id]).await.unwrap_err();
    assert!(matches!(error, ProviderError::Unanswered { .. }), "{error}");
    assert_eq!(env.sent("TerminateInstances"), 2);
}
