//! The form with which a third party exchanges its code (RFC 6749, 4.1.3).

use crate::http::decode_query;

/// What is needed of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TokenForm {
    pub grant_type: String,
    pub code: String,
    pub redirect_uri: String,
    pub client_id: String,
}

impl TokenForm {
    /// Other fields are ignored, as the RFC has it. `None` where a field cannot be decoded or stands twice.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let mut form = Self::default();
        for pair in std::str::from_utf8(body).ok()?.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let field = match decode_query(name)?.as_str() {
                "grant_type" => &mut form.grant_type,
                "code" => &mut form.code,
                "redirect_uri" => &mut form.redirect_uri,
                "client_id" => &mut form.client_id,
                _ => continue,
            };
            if !field.is_empty() {
                return None;
            }
            *field = decode_query(value)?;
        }
        Some(form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_and_others_ignored() {
        let form =
            TokenForm::parse(b"grant_type=authorization_code&code=a+b&redirect_uri=http%3A%2F%2Fa%2F&x=%&y").unwrap();
        assert_eq!((form.code.as_str(), form.redirect_uri.as_str(), form.client_id.as_str()), ("a b", "http://a/", ""));
        for faulty in ["code=a&code=b", "code=%", "%=1", "code=%ff"] {
            assert_eq!(TokenForm::parse(faulty.as_bytes()), None, "{faulty}");
        }
        assert_eq!(TokenForm::parse(b"\xff"), None);
    }
}
