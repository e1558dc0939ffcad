//! Deliveries against a mail server and a Slack of our own, of which each answer is scripted; real servers are in
//! `tests/notify/`.

mod email;
mod env;
mod slack;
