//! Addresses: what may stand in a header, a path or a routing key.

use crate::error::FieldError;

/// Longest address of any kind, in bytes: an e-mail address has at most 254, the id of a Matrix room 255.
pub const MAX_ADDRESS: usize = 255;

const MAX_EMAIL: usize = 254;
const MAX_LOCAL: usize = 64;
/// Letters besides letters and digits that may stand before the `@` without quotes (RFC 5322, `atext`).
const LOCAL: &str = "!#$%&'*+-/=?^_`{|}~.";

const EXPECTED: &str = "be one bare e-mail address like `name@example.com`, without quotes, display name or spaces";

/// Whether this is one bare address. Quoted local parts are refused, since they may hold anything; letters outside of ASCII
/// are taken, and need a mail server that takes them too.
pub fn email_address(pointer: &str, address: &str) -> Result<(), FieldError> {
    let refused = || Err(FieldError::new(pointer, EXPECTED, format!("`{}`", address.escape_debug())));
    if address.len() > MAX_EMAIL {
        let expected = format!("be an e-mail address of at most {MAX_EMAIL} bytes");
        return Err(FieldError::new(pointer, expected, format!("{} bytes", address.len())));
    }
    let Some((local, domain)) = address.rsplit_once('@') else { return refused() };
    if local.len() <= MAX_LOCAL && is_dotted(local, is_local) && is_domain(domain) { Ok(()) } else { refused() }
}

/// An id that becomes part of a path or a body, where anything printable is fine.
pub(super) fn plain_id(pointer: &str, id: &str) -> Result<(), FieldError> {
    if id.is_empty() || id.len() > MAX_ADDRESS {
        let expected = format!("have between 1 and {MAX_ADDRESS} bytes");
        return Err(FieldError::new(pointer, expected, format!("{} bytes", id.len())));
    }
    one_line(pointer, id)
}

/// Control characters, line breaks above all, would begin another header.
pub(super) fn one_line(pointer: &str, text: &str) -> Result<(), FieldError> {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    match text.chars().find(|c| breaks(*c)) {
        None => Ok(()),
        Some(c) => {
            let expected = "be one line without control characters";
            Err(FieldError::new(pointer, expected, format!("`{}`", c.escape_debug())))
        }
    }
}

fn is_local(c: char) -> bool {
    c.is_ascii_alphanumeric() || LOCAL.contains(c) || is_foreign_letter(c)
}

/// Outside of ASCII only letters and digits: no spaces, marks or invisible characters that disguise an address.
fn is_foreign_letter(c: char) -> bool {
    !c.is_ascii() && c.is_alphanumeric()
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| !label.starts_with('-') && !label.ends_with('-') && label.len() <= 63;
    let is_fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || is_foreign_letter(c);
    is_dotted(domain, is_fine) && domain.split('.').all(is_label)
}

/// Words of these letters with single dots between them.
fn is_dotted(text: &str, is_fine: impl Fn(char) -> bool) -> bool {
    text.chars().all(is_fine) && text.split('.').all(|word| !word.is_empty())
}
