//! The contract of RPC.

use std::time::{Duration, Instant};

use bus::{Bus, BusError, Consumer, Delivery, Received, Subscription, TransportError};
use bytes::Bytes;
use futures_util::future::join_all;

use crate::scenarios::{SOON, messages, name};

const BRIEFLY: Duration = Duration::from_millis(300);

async fn next(served: &mut Consumer) -> Delivery {
    match tokio::time::timeout(SOON, served.next()).await.expect("a call in time") {
        Some(Received::Delivery(call)) => call,
        other => panic!("a call was due, not {other:?}"),
    }
}

/// Answers one call with its own question and a word more.
async fn answer(bus: &dyn Bus, served: &mut Consumer, word: &str) {
    let call = next(served).await;
    let answer = [&call.message.body[..], word.as_bytes()].concat();
    bus.reply(call.reply_to.as_ref().expect("a call has a reply queue"), answer.into()).await.unwrap();
    call.ack();
}

async fn ask(bus: &dyn Bus, inbox: &str, request: &'static str, deadline: Duration) -> Result<Bytes, TransportError> {
    bus.call(inbox, Bytes::from_static(request.as_bytes()), deadline).await
}

pub(crate) async fn a_call_is_answered_by_one_of_the_servers(bus: &dyn Bus) {
    let inbox = name("inbox");
    let mut one = bus.subscribe(Subscription::inbox(&inbox).prefetch(1)).await.unwrap();
    let mut other = bus.subscribe(Subscription::inbox(&inbox).prefetch(1)).await.unwrap();

    let answering = async { tokio::join!(answer(bus, &mut one, "!"), answer(bus, &mut other, "!")) };
    let (a, b, _) = tokio::join!(ask(bus, &inbox, "a", SOON), ask(bus, &inbox, "b", SOON), answering);

    assert_eq!((&a.unwrap()[..], &b.unwrap()[..]), (&b"a!"[..], &b"b!"[..]));
}

pub(crate) async fn a_call_without_a_server_fails_at_once(bus: &dyn Bus) {
    let (inbox, begun) = (name("inbox"), Instant::now());
    assert_eq!(ask(bus, &inbox, "a", SOON).await, Err(TransportError::Unavailable));
    drop(bus.subscribe(Subscription::inbox(&inbox)).await.unwrap());
    // Over a broker it takes a moment until it knows that the consumer is gone.
    while ask(bus, &inbox, "a", BRIEFLY).await != Err(TransportError::Unavailable) {}
    assert!(begun.elapsed() < SOON / 2);
}

pub(crate) async fn a_late_response_is_dropped(bus: &dyn Bus) {
    let inbox = name("inbox");
    let mut served = bus.subscribe(Subscription::inbox(&inbox)).await.unwrap();

    let (late, call) = tokio::join!(ask(bus, &inbox, "a", BRIEFLY), next(&mut served));
    assert_eq!(late, Err(TransportError::Timeout));
    bus.reply(call.reply_to.as_ref().unwrap(), Bytes::from_static(b"too late")).await.unwrap();
    call.ack();

    let (answered, ()) = tokio::join!(ask(bus, &inbox, "b", SOON), answer(bus, &mut served, ""));
    assert_eq!(&answered.unwrap()[..], b"b");
}

pub(crate) async fn a_call_that_is_given_back_is_answered_by_another(bus: &dyn Bus) {
    let inbox = name("inbox");
    let mut one = bus.subscribe(Subscription::inbox(&inbox)).await.unwrap();
    let handing_over = async {
        let call = next(&mut one).await;
        let mut other = bus.subscribe(Subscription::inbox(&inbox)).await.unwrap();
        drop(one);
        call.requeue();
        answer(bus, &mut other, " again").await;
    };
    let (answered, ()) = tokio::join!(ask(bus, &inbox, "once", SOON), handing_over);
    assert_eq!(&answered.unwrap()[..], b"once again");
}

/// What is published to an exchange that is not there closes a channel, and with what is sent on it meanwhile a whole connection
/// of the broker: neither may be that of the calls. And of many calls at once, each gets the answer of its own inbox.
pub(crate) async fn a_call_does_not_suffer_for_the_missing_exchange_of_another(bus: &dyn Bus) {
    let (inbox, nowhere) = (name("inbox"), name("nowhere"));
    let mut served = bus.subscribe(Subscription::inbox(&inbox)).await.unwrap();
    let lost = messages(&nowhere, 0..200);
    for _ in 0..20 {
        let publishing = async {
            let refused = bus.publish(&lost, SOON).await;
            assert!(matches!(refused, Err(BusError::Refused(_))), "{refused:?}");
        };
        let asked = (0..10).map(async |_| {
            bus.notify(&nowhere, Bytes::from_static(b"nobody"));
            ask(bus, &inbox, "a", SOON).await
        });
        let unserved = (0..10).map(async |_| ask(bus, &nowhere, "b", SOON).await);
        let answering = async {
            for _ in 0..10 {
                answer(bus, &mut served, "!").await;
            }
        };
        let (answers, failures, (), ()) = tokio::join!(join_all(asked), join_all(unserved), answering, publishing);
        assert!(answers.iter().all(|answer| answer.as_deref() == Ok(&b"a!"[..])), "{answers:?}");
        assert_eq!(failures, vec![Err(TransportError::Unavailable); 10]);
    }
}
