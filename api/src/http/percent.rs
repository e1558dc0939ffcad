/// Percent-decodes one part of a path. `None`: the encoding is broken, or the result is no UTF-8.
pub(super) fn decode_path(text: &str) -> Option<String> {
    decode(text, false)
}

/// Percent-decodes a key or value of a query, where `+` stands for a blank.
pub(super) fn decode_query(text: &str) -> Option<String> {
    decode(text, true)
}

fn decode(text: &str, plus_is_blank: bool) -> Option<String> {
    if !text.contains(['%', '+']) {
        return Some(text.to_owned());
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut letters = text.bytes();
    while let Some(letter) = letters.next() {
        decoded.push(match letter {
            b'%' => digit(letters.next()?)? << 4 | digit(letters.next()?)?,
            b'+' if plus_is_blank => b' ',
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

fn digit(letter: u8) -> Option<u8> {
    char::from(letter).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_encodings_are_noticed() {
        assert_eq!(decode_path("a%2Fb+c").as_deref(), Some("a/b+c"));
        assert_eq!(decode_query("a%2fb+c").as_deref(), Some("a/b c"));
        for text in ["%", "%2", "%zz", "%ff", "%+1"] {
            assert_eq!(decode_path(text), None, "{text}");
        }
    }
}
