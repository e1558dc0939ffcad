//! Error bodies have a maximum length, whatever the request was.

use std::borrow::Cow;

use serde_json::{Value, json};

/// Longest error body, in bytes.
pub(super) const MAX_ERROR_BODY: usize = 64 * 1024;

/// Longest message, in bytes.
const MAX_MESSAGE: usize = 16 * 1024;

/// Longest message where the body would be too long otherwise: escaping makes six bytes of one.
const MAX_SHORT_MESSAGE: usize = 4 * 1024;

/// In place of what is left out.
pub(super) const OMITTED: &str = "(OMITTED)";

/// The text, or its beginning and its length.
pub(super) fn truncated(text: &str, max: usize) -> Cow<'_, str> {
    if text.len() <= max {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}… ({} bytes in all)", &text[..text.floor_char_boundary(max)], text.len()))
}

/// The parts of an error body.
pub(super) struct ErrorBody {
    pub code: &'static str,
    pub message: String,
    /// The end of the message, which is never truncated.
    pub trailer: String,
    pub request_info: Value,
    pub details: Option<Value>,
}

impl ErrorBody {
    /// As JSON. What makes it too long is left out: first details, then the request, then most of the message.
    pub(super) fn into_json(mut self) -> Vec<u8> {
        self.message = truncated(&self.message, MAX_MESSAGE).into_owned();
        let reductions: [fn(&mut Self); 3] = [
            Self::halve_field_errors,
            |response| response.details = response.details.take().map(|_| OMITTED.into()),
            |response| {
                response.request_info["params"] = OMITTED.into();
                response.request_info["payload"] = OMITTED.into();
                response.message = truncated(&response.message, MAX_SHORT_MESSAGE).into_owned();
            },
        ];
        let mut text = self.json();
        for reduce in reductions {
            if text.len() <= MAX_ERROR_BODY {
                break;
            }
            reduce(&mut self);
            text = self.json();
        }
        text
    }

    fn json(&self) -> Vec<u8> {
        let mut body = json!({
            "code": self.code,
            "message": format!("{}{}", self.message, self.trailer),
            "requestInfo": self.request_info,
        });
        if let Some(details) = &self.details {
            body["details"] = details.clone();
        }
        body.to_string().into_bytes()
    }

    fn halve_field_errors(&mut self) {
        let errors = self.details.as_mut().and_then(|details| details.get_mut("faults")?.as_array_mut());
        if let Some(errors) = errors {
            errors.truncate(errors.len() / 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_error_body_is_longer_than_the_limit() {
        let worst = "\u{1}".repeat(1_000_000);
        let error = json!({ "pointer": "x".repeat(500), "expected": "e", "got": "g" });
        for details in [None, Some(json!({ "faults": vec![error; 120] })), Some(json!([worst.clone()]))] {
            let response = ErrorBody {
                code: "InputError",
                message: worst.clone(),
                trailer: "\n\n---\n\n* method: m".to_owned(),
                request_info: json!({ "method": "m", "params": { "name": worst }, "payload": [worst] }),
                details,
            };
            let text = response.into_json();
            assert!(text.len() <= MAX_ERROR_BODY, "{}", text.len());
            let parsed: Value = serde_json::from_slice(&text).unwrap();
            assert!(parsed["message"].as_str().unwrap().ends_with("* method: m"));
        }
    }

    #[test]
    fn field_errors_are_halved_before_they_are_left_out() {
        let error = json!({ "pointer": "x".repeat(1000), "expected": "e", "got": "g" });
        let details = Some(json!({ "faults": vec![error; 100] }));
        let request_info = json!({ "method": "m", "payload": {} });
        let (message, trailer) = ("message".to_owned(), String::new());
        let response = ErrorBody { code: "InputError", message, trailer, request_info, details };
        let parsed: Value = serde_json::from_slice(&response.into_json()).unwrap();
        assert_eq!(parsed["details"]["faults"].as_array().unwrap().len(), 50);
    }

    #[test]
    fn a_text_is_truncated_between_characters() {
        assert_eq!(truncated("héé", 2), "h… (5 bytes in all)");
        assert_eq!(truncated("hé", 3), "hé");
    }
}
