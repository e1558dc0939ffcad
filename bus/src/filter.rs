//! Bindings as a broker applies them, for messages from other sources.

use crate::{
    Binding, Message,
    topic::{Pattern, words},
};

/// Accepts the messages that a queue with these bindings would get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter(Vec<(String, Pattern)>);

impl Filter {
    pub fn new(bindings: &[Binding]) -> Self {
        Self(bindings.iter().map(|binding| (binding.exchange.clone(), Pattern::new(&binding.pattern))).collect())
    }

    /// Whether any message of this exchange may be accepted.
    pub fn is_bound(&self, exchange: &str) -> bool {
        self.0.iter().any(|(bound, _)| bound == exchange)
    }

    pub fn accepts(&self, message: &Message) -> bool {
        let keys = || std::iter::once(&message.routing_key).chain(&message.cc);
        self.0
            .iter()
            .filter(|(exchange, _)| **exchange == *message.exchange)
            .any(|(_, pattern)| keys().any(|key| pattern.matches(&words(key))))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::ContentType;

    #[test]
    fn a_filter_accepts_what_a_queue_with_its_bindings_would_get() {
        let binding = |pattern: &str| Binding { exchange: "x".to_owned(), pattern: pattern.to_owned() };
        let filter = Filter::new(&[binding("primary.a.#"), binding("route.b")]);
        let message = |exchange: &str, key: &str, cc: &[&str]| Message {
            exchange: exchange.into(),
            routing_key: key.to_owned(),
            cc: cc.iter().map(|key| (*key).to_owned()).collect(),
            content_type: ContentType::Json,
            body: Bytes::new(),
            id: String::new(),
            replayed: false,
        };
        assert!(filter.accepts(&message("x", "primary.a.c", &[])));
        assert!(filter.accepts(&message("x", "primary.z", &["route.a", "route.b"])));
        assert!(!filter.accepts(&message("x", "primary.z", &["route.a"])));
        assert!(!filter.accepts(&message("y", "primary.a.c", &[])));
        assert!(filter.is_bound("x") && !filter.is_bound("y"));
    }
}
