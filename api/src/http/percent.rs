use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Decodes one part of a path. `None`: the encoding is broken, or the result is no UTF-8.
pub(super) fn decode_path(text: &str) -> Option<Cow<'_, str>> {
    // The library leaves a `%` without two digits as it is; here it is an error of the client.
    let is_escape = |rest: &[u8]| matches!(rest, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
    let is_broken = text.as_bytes().split(|byte| *byte == b'%').skip(1).any(|rest| !is_escape(rest));
    if is_broken { None } else { percent_decode_str(text).decode_utf8().ok() }
}

/// Decodes a key or value of a query, in which `+` stands for a space.
pub(crate) fn decode_query(text: &str) -> Option<String> {
    decode_path(&text.replace('+', "%20")).map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_encodings_are_refused() {
        assert_eq!(decode_path("a%2Fb+c").as_deref(), Some("a/b+c"));
        assert_eq!(decode_query("a%2fb+c").as_deref(), Some("a/b c"));
        for text in ["%", "%2", "%zz", "%ff", "%+1", "%2%41"] {
            assert_eq!(decode_path(text), None, "{text}");
        }
    }
}
