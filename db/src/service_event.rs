//! Events of services that declare exchanges of their own.

use protocol::{exchanges::ExchangeDeclaration, time::Timestamp};

use crate::{Db, DbError};

/// A message that the relay will publish on the service's exchange.
#[derive(Debug, Clone)]
pub struct NewServiceEvent {
    pub exchange: &'static ExchangeDeclaration,
    pub routing_key: String,
    /// Further routing keys.
    pub cc: Vec<String>,
    /// JSON.
    pub body: String,
}

impl Db {
    /// `emit_service_event`, for an event that goes with no other change. What cannot be sent is refused with an error that
    /// [is permanent](DbError::is_permanent). A repeat is another event.
    pub async fn emit_service_event(&self, event: &NewServiceEvent, now: Timestamp) -> Result<(), DbError> {
        let NewServiceEvent { exchange, routing_key, cc, body } = event;
        let call = sqlx::query("select emit_service_event($1,$2,$3,$4,$5,null,$6)")
            .bind(exchange.service)
            .bind(exchange.name)
            .bind(routing_key)
            .bind(cc)
            .bind(body)
            .bind(now);
        call.execute(self.pool()).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use protocol::{
        event::{Event, EventPayload, ServiceEvent},
        exchanges::queue::TASK_PENDING,
    };

    use super::*;
    use crate::{outbox::EventFilter, testing::TestDatabase};

    fn new_event(routing_key: &str) -> NewServiceEvent {
        let (cc, body) = (vec!["route.a".to_owned()], r#"{"b":1,"a":[]}"#.to_owned());
        NewServiceEvent { exchange: TASK_PENDING, routing_key: routing_key.to_owned(), cc, body }
    }

    fn now() -> Timestamp {
        DateTime::from_timestamp_millis(1_700_000_000_000).unwrap()
    }

    #[tokio::test]
    async fn an_event_comes_out_of_the_outbox_and_of_the_log_as_it_was_emitted() {
        let database = TestDatabase::create().await;
        let (db, event) = (database.db().await, new_event("primary.x"));
        db.emit_service_event(&event, now()).await.unwrap();
        let mut outbox = db.outbox(0);
        let read = outbox.read(&EventFilter::everything(), 10).await.unwrap();
        let NewServiceEvent { routing_key, cc, body, .. } = event;
        let (service, exchange) = ("queue".to_owned(), "task-pending".to_owned());
        let payload = EventPayload::Service(ServiceEvent { service, exchange, routing_key, cc, body });
        let expected = Event { id: read.ids[0], occurred: now(), traceparent: None, payload };
        assert_eq!(read.events, std::slice::from_ref(&expected));

        outbox.prepare_log(TimeDelta::days(2), now()).await.unwrap();
        outbox.log(&read.ids, now()).await.unwrap();
        assert_eq!(db.events_after(0, None, 10).await.unwrap().events[0].event, expected);
    }

    #[tokio::test]
    async fn what_could_never_be_sent_is_refused_before_it_is_stored() {
        let database = TestDatabase::create().await;
        let db = database.db().await;
        let event = || new_event("primary.x");
        let cases = [
            NewServiceEvent { routing_key: "é".repeat(128), ..event() },
            NewServiceEvent { cc: vec!["x".repeat(256)], ..event() },
            NewServiceEvent { cc: vec!["x".repeat(255); 65], ..event() },
            NewServiceEvent { body: format!("\"{}\"", "x".repeat(1024 * 1024)), ..event() },
            NewServiceEvent { body: "{".to_owned(), ..event() },
        ];
        for case in cases {
            let error = db.emit_service_event(&case, now()).await.unwrap_err();
            assert!(error.is_permanent(), "{error}");
        }
        assert!(db.outbox(0).read(&EventFilter::everything(), 10).await.unwrap().ids.is_empty());
    }
}
