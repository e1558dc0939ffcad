//! Names of other places in identities and roles.

use std::fmt::Write;

/// A name that a provider gives, for a client id or the id of a role: letters that mean something there, as `*` and `|` do, are written
/// as `!` and two hexadecimal digits for each byte.
pub fn encoded(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'@') {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "!{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_becomes_a_pattern_or_another_part() {
        assert_eq!(encoded("ann.b-c_d@example.com"), "ann.b-c_d@example.com");
        assert_eq!(encoded("auth0|a*/ü!"), "auth0!7Ca!2A!2F!C3!BC!21");
    }
}
