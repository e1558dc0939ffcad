//! E-mails.

use serde::{Deserialize, Serialize};

use super::address::{email_address, one_line};
use crate::error::FieldError;

/// An e-mail to one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Email {
    pub address: String,
    pub subject: String,
    /// Markdown.
    pub content: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    #[serde(default)]
    pub template: Template,
}

/// A button below the content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub text: String,
    pub href: String,
}

/// How much of the window the HTML fills.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Template {
    #[default]
    Simple,
    Fullscreen,
}

const MAX_SUBJECT: usize = 255;
const MAX_CONTENT: usize = 102_400;
const MAX_LINK_TEXT: usize = 40;
const MAX_HREF: usize = 1024;

impl Email {
    /// Also what the schema says: an e-mail may come from a template instead of a request.
    pub(super) fn check(&self) -> Result<(), FieldError> {
        email_address("/payload/address", &self.address)?;
        if let Some(reply_to) = &self.reply_to {
            email_address("/payload/replyTo", reply_to)?;
        }
        length("/payload/subject", &self.subject, MAX_SUBJECT)?;
        one_line("/payload/subject", &self.subject)?;
        length("/payload/content", &self.content, MAX_CONTENT)?;
        self.link.as_ref().map_or(Ok(()), Link::check)
    }
}

impl Link {
    fn check(&self) -> Result<(), FieldError> {
        length("/payload/link/text", &self.text, MAX_LINK_TEXT)?;
        one_line("/payload/link/text", &self.text)?;
        length("/payload/link/href", &self.href, MAX_HREF)?;
        if is_web_address(&self.href) {
            return Ok(());
        }
        let expected = "be an http or https address without spaces";
        Err(FieldError::new("/payload/link/href", expected, format!("`{}`", self.href.escape_debug())))
    }
}

/// Other schemes, `javascript:` above all, do something else than lead to a page.
pub fn is_web_address(text: &str) -> bool {
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    let has_scheme = lower.starts_with("http://") || lower.starts_with("https://");
    has_scheme && !text.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"'))
}

fn length(pointer: &str, text: &str, most: usize) -> Result<(), FieldError> {
    let found = text.chars().count();
    if (1..=most).contains(&found) {
        return Ok(());
    }
    Err(FieldError::new(pointer, format!("have between 1 and {most} characters"), format!("{found}")))
}
