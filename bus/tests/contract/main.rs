//! What both buses promise, asked of each in the same words.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by what it unwraps")]

mod bindings;
mod broker;
mod calls;
mod forgery;
mod interruption;
mod operators;
mod proxy;
mod scenarios;
mod silence;
mod unsigned;

use std::panic::{AssertUnwindSafe, resume_unwind};

use broker::Broker;
use bus::{AmqpBus, Bus, MemoryBus};
use futures_util::FutureExt;

/// Every scenario as a test of the bus in memory, and all of them as a list for the other.
macro_rules! scenarios {
    ($($name:ident,)*) => {
        mod memory {
            use super::{MemoryBus, scenarios};
            $(
                #[tokio::test]
                async fn $name() {
                    scenarios::$name(&MemoryBus::default()).await;
                }
            )*
        }

        async fn all_over_amqp(bus: &dyn Bus) {
            $(
                println!("over AMQP: {}", stringify!($name));
                scenarios::$name(bus).await;
            )*
        }
    };
}

scenarios! {
    topics_match_as_amqp_says,
    one_copy_per_queue_however_many_keys_match,
    a_message_arrives_as_it_was_sent,
    what_one_publisher_sends_arrives_in_order,
    a_failed_delivery_comes_again_once,
    a_durable_queue_counts_how_often_a_message_came_back,
    a_rejected_delivery_does_not_come_again,
    prefetch_holds_deliveries_back,
    a_durable_queue_keeps_what_its_consumer_left,
    what_no_consumer_took_in_hand_comes_again,
    consumers_of_one_queue_share_its_messages,
    consumers_that_take_turns_do_not_overtake_each_other,
    a_bounded_queue_drops_its_oldest,
    a_wake_up_reaches_everyone_who_listens,
    a_call_is_answered_by_one_of_the_servers,
    a_call_without_a_server_fails_at_once,
    a_late_response_is_dropped,
    a_call_that_is_given_back_is_answered_by_another,
    what_cannot_be_is_refused,
    a_queue_has_the_bindings_that_it_was_given_last,
    a_tolerant_subscription_leaves_out_missing_exchanges,
    a_deleted_queue_is_gone,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amqp_keeps_the_same_contract() {
    let Some(broker) = Broker::find().await else { return };
    let kept = AssertUnwindSafe(everything(&broker.url)).catch_unwind().await;
    scenarios::delete_everything(&broker.url).await;
    if let Err(panic) = kept {
        resume_unwind(panic);
    }
}

async fn everything(url: &str) {
    let bus = AmqpBus::new(url, "contract", &base::Rng::system()).unwrap();
    all_over_amqp(&bus).await;
    println!("over AMQP: what_is_sent_to_one_queue_reaches_no_other");
    operators::what_is_sent_to_one_queue_reaches_no_other(&bus).await;
    println!("over AMQP: a_call_does_not_suffer_for_the_missing_exchange_of_another");
    calls::a_call_does_not_suffer_for_the_missing_exchange_of_another(&bus).await;
    println!("over AMQP: a_queue_that_was_deleted_by_hand_comes_back_with_its_bindings");
    bindings::a_queue_that_was_deleted_by_hand_comes_back_with_its_bindings(&bus).await;
    println!("over AMQP: a_tolerant_subscription_takes_a_queue_with_other_arguments");
    bindings::a_tolerant_subscription_takes_a_queue_with_other_arguments(&bus).await;
    bus.close().await;
    println!("over AMQP: a_stranger_reads_plain_pulse_messages");
    unsigned::a_stranger_reads_plain_pulse_messages(url).await;
    println!("over AMQP: a_cut_connection_loses_nothing_that_is_durable");
    interruption::a_cut_connection_loses_nothing_that_is_durable(url).await;
    println!("over AMQP: messages_of_strangers_are_refused");
    forgery::messages_of_strangers_are_refused(url).await;
    println!("over AMQP: a_broker_that_does_not_answer_is_named_within_seconds_and_loses_nothing");
    silence::a_broker_that_does_not_answer_is_named_within_seconds_and_loses_nothing(url).await;
}
