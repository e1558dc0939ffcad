//! Queries and forms: `name=value` pairs, percent-encoded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// For `percent_encoding`: what is encoded in a part of a URL or a form, which is everything but the unreserved characters of RFC 3986.
pub const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The pairs, in this order.
pub fn encode<K: AsRef<str>, V: AsRef<str>>(fields: impl IntoIterator<Item = (K, V)>) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, COMPONENT).to_string();
    let pairs =
        fields.into_iter().map(|(name, value)| format!("{}={}", encoded(name.as_ref()), encoded(value.as_ref())));
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_unreserved_characters_is_encoded() {
        assert_eq!(encode([("a b", "~x-._"), ("c", "ü&=+/")]), "a%20b=~x-._&c=%C3%BC%26%3D%2B%2F");
        assert_eq!(encode::<&str, &str>([]), "");
    }
}
