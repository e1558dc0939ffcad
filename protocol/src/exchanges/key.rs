//! Routing keys: words joined by dots, in the declared order.

use std::borrow::Cow;

use super::ExchangeDeclaration;

/// One word of a routing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyField {
    pub name: &'static str,
    pub summary: &'static str,
    /// The word that is always here.
    pub constant: Option<&'static str>,
    /// A message without it is an error; otherwise `_` stands for what is missing.
    pub required: bool,
    /// May hold dots. At most one field of a key does.
    pub multiple_words: bool,
    pub max_size: usize,
}

/// Why these values cannot become a routing key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoutingKeyError {
    #[error("the routing key of {exchange} needs a value for `{field}`")]
    Missing { exchange: &'static str, field: &'static str },
    #[error("`{value}` cannot be `{field}` in a routing key of {exchange}: it holds a dot")]
    Dot { exchange: &'static str, field: &'static str, value: String },
    #[error("`{value}` cannot be `{field}` in a routing key of {exchange}: it is longer than {max} characters")]
    TooLong { exchange: &'static str, field: &'static str, value: String, max: usize },
}

/// Longest key that AMQP takes, in bytes.
const LONGEST_KEY: usize = 255;

impl ExchangeDeclaration {
    /// The routing key of a message; `value` knows the words by the names of their fields.
    pub fn routing_key<'a>(&self, value: impl Fn(&str) -> Option<Cow<'a, str>>) -> Result<String, RoutingKeyError> {
        let mut key = String::with_capacity(LONGEST_KEY);
        for field in self.key {
            if !key.is_empty() {
                key.push('.');
            }
            key.push_str(&self.word(field, value(field.name))?);
        }
        if key.len() > LONGEST_KEY {
            return Err(RoutingKeyError::TooLong {
                exchange: self.name,
                field: "the whole key",
                value: key,
                max: LONGEST_KEY,
            });
        }
        Ok(key)
    }

    /// A pattern that finds the messages with these words; everything not named is left open.
    pub fn binding(&self, words: &[(&str, &str)]) -> String {
        let pattern = self.key.iter().map(|field| {
            let given = words.iter().find(|(name, _)| *name == field.name).map(|(_, word)| *word);
            let open = if field.multiple_words { "#" } else { "*" };
            given.or(field.constant).unwrap_or(open)
        });
        pattern.collect::<Vec<_>>().join(".")
    }

    fn word<'a>(&self, field: &KeyField, value: Option<Cow<'a, str>>) -> Result<Cow<'a, str>, RoutingKeyError> {
        if let Some(constant) = field.constant {
            return Ok(Cow::Borrowed(constant));
        }
        let (exchange, name) = (self.name, field.name);
        match value {
            None if field.required => Err(RoutingKeyError::Missing { exchange, field: name }),
            None => Ok(Cow::Borrowed("_")),
            Some(word) if !field.multiple_words && word.contains('.') => {
                Err(RoutingKeyError::Dot { exchange, field: name, value: word.into_owned() })
            }
            Some(word) if word.len() > field.max_size => {
                Err(RoutingKeyError::TooLong { exchange, field: name, value: word.into_owned(), max: field.max_size })
            }
            Some(word) => Ok(word),
        }
    }
}

impl KeyField {
    /// A word that every message has.
    pub const fn required(name: &'static str, max_size: usize, summary: &'static str) -> Self {
        Self { name, summary, constant: None, required: true, multiple_words: false, max_size }
    }

    /// A word that some messages lack.
    pub const fn optional(name: &'static str, max_size: usize, summary: &'static str) -> Self {
        Self { required: false, ..Self::required(name, max_size, summary) }
    }

    /// The first word of a key that is not a route.
    pub const fn primary() -> Self {
        let summary = "Tells this key from the routes under which a message also goes out.";
        Self { constant: Some("primary"), ..Self::required("routingKeyKind", 7, summary) }
    }

    /// The open end of a key.
    pub const fn reserved() -> Self {
        let summary = "Kept free for later words; match it with `#`.";
        Self { multiple_words: true, ..Self::optional("reserved", 1, summary) }
    }
}
