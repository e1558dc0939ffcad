//! `TerminateInstances`. One bad id makes EC2 refuse all of a request, so ids that do not exist are taken out and the rest is
//! sent again, in halves where the error does not say which.

use std::collections::BTreeMap;

use super::client::{AwsClient, Fields};
use crate::{
    decision::FailureClass,
    provider::{MachineId, ProviderError, ProviderResult, Terminated},
};

/// As AWS recommends for one request.
const BATCH: usize = 500;
/// Requests that one call may make before it gives up on finding the bad ids.
const MAX_REQUESTS: usize = 40;

type Outcomes<'a> = BTreeMap<&'a str, Terminated>;

pub(super) async fn terminate(
    client: &AwsClient,
    region: &str,
    machines: &[MachineId],
) -> ProviderResult<Vec<Terminated>> {
    let mut outcomes = Outcomes::new();
    let mut batches: Vec<Vec<&str>> =
        machines.chunks(BATCH).map(|batch| batch.iter().map(String::as_str).collect()).collect();
    let mut requests = 0;
    while let Some(batch) = batches.pop() {
        requests += 1;
        let error = match send(client, region, &batch).await {
            Ok(()) => {
                outcomes.extend(batch.into_iter().map(|id| (id, Ok(()))));
                continue;
            }
            Err(error) => error,
        };
        if outcomes.is_empty() && !is_about_ids(&error) {
            return Err(error);
        }
        let again = if requests < MAX_REQUESTS { divide(&batch, &error, &mut outcomes) } else { Vec::new() };
        if again.is_empty() {
            for id in batch {
                outcomes.entry(id).or_insert_with(|| Err(error.clone()));
            }
        }
        batches.extend(again);
    }
    let unknown = || Err(ProviderError::unanswered("the machine was not asked for"));
    Ok(machines.iter().map(|id| outcomes.get(id.as_str()).cloned().unwrap_or_else(unknown)).collect())
}

async fn send(client: &AwsClient, region: &str, batch: &[&str]) -> ProviderResult<()> {
    let mut fields = Fields::default();
    for (at, id) in batch.iter().enumerate() {
        fields.set(format!("InstanceId.{}", at + 1), *id);
    }
    client.ec2(region, "TerminateInstances", &fields, client.timeout()).await.map(drop)
}

/// The batches to try instead of this one. None: the error is about all of it.
fn divide<'a>(batch: &[&'a str], error: &ProviderError, outcomes: &mut Outcomes<'a>) -> Vec<Vec<&'a str>> {
    if !is_about_ids(error) {
        return Vec::new();
    }
    let (missing, rest): (Vec<&str>, Vec<&str>) = batch.iter().partition(|id| is_missing(id, error));
    outcomes.extend(missing.iter().map(|id| (*id, Ok(()))));
    if !missing.is_empty() {
        return if rest.is_empty() { Vec::new() } else { vec![rest] };
    }
    match batch.split_at(batch.len() / 2) {
        ([], _) => Vec::new(),
        (first, second) => vec![first.to_vec(), second.to_vec()],
    }
}

fn is_about_ids(error: &ProviderError) -> bool {
    matches!(error, ProviderError::Refused { class: FailureClass::Config, .. })
}

/// The message names those that do not exist: `The instance IDs 'i-1, i-2' do not exist`.
fn is_missing(id: &str, error: &ProviderError) -> bool {
    let ProviderError::Refused { code, message, .. } = error else { return false };
    let is_of_id = |c: char| c.is_ascii_alphanumeric() || c == '-';
    code == "InvalidInstanceID.NotFound" && message.split(|c| !is_of_id(c)).any(|word| word == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str, message: &str) -> ProviderError {
        ProviderError::refused(FailureClass::Config, code, message)
    }

    #[test]
    fn ids_that_do_not_exist_count_as_ended_and_the_rest_is_sent_again() {
        let mut outcomes = Outcomes::new();
        let error = refused("InvalidInstanceID.NotFound", "The instance IDs 'i-1, i-3' do not exist");
        assert_eq!(divide(&["i-1", "i-2", "i-3", "i-11"], &error, &mut outcomes), [["i-2", "i-11"]]);
        assert_eq!(outcomes, BTreeMap::from([("i-1", Ok(())), ("i-3", Ok(()))]));
    }

    #[test]
    fn an_error_without_ids_is_cornered_by_halves() {
        let mut outcomes = Outcomes::new();
        let error = refused("OperationNotPermitted", "one of them is protected");
        assert_eq!(divide(&["i-1", "i-2", "i-3"], &error, &mut outcomes), [vec!["i-1"], vec!["i-2", "i-3"]]);
        assert!(divide(&["i-1"], &error, &mut outcomes).is_empty() && outcomes.is_empty());
        let lost = ProviderError::unanswered("lost");
        assert!(divide(&["i-1", "i-2"], &lost, &mut outcomes).is_empty());
    }
}
