//! Scopes: what a caller may do, and what a request asks for.
//!
//! A scope is printable ASCII. A trailing `*` makes it a pattern; anywhere else `*` is an ordinary letter.

mod expression;
pub mod roles;
mod set;

pub use expression::ScopeExpression;
pub use roles::RoleSet;
pub use set::ScopeSet;

/// Whether holding `pattern` is enough where `required` is asked for.
///
/// A required scope may itself end in `*`; it is compared as plain text.
pub fn satisfies(pattern: &str, required: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => required.starts_with(prefix),
        None => pattern == required,
    }
}

/// Printable ASCII, possibly empty.
pub fn is_valid(scope: &str) -> bool {
    scope.bytes().all(|letter| (0x20..=0x7e).contains(&letter))
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_star_stands_for_any_ending() {
        let cases = [
            ("conf:x", "conf:x", true),
            ("conf:x*", "conf:xyz", true),
            ("conf:x*", "conf:x", true),
            ("*", "conf:x", true),
            ("*", "", true),
            ("a*", "a*", true),
            ("a*", "ab*", true),
            ("conf:x", "conf:xy", false),
            ("conf:*:y", "conf:x:y", false),
            ("conf:x", "CONF:X", false),
            ("ab*", "a*", false),
        ];
        for (held, asked, enough) in cases {
            assert_eq!(satisfies(held, asked), enough, "{held} for {asked}");
        }
    }
}
