//! PEM: blocks of base64 between lines with labels.

use base64::{Engine, engine::general_purpose::STANDARD};

/// Labels and contents; `None`: one is not in base64.
pub(super) fn blocks(text: &str) -> Option<Vec<(&str, Vec<u8>)>> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, begun)) = rest.split_once("-----BEGIN ") {
        let (label, body) = begun.split_once("-----")?;
        let (body, after) = body.split_once(&format!("-----END {label}-----"))?;
        let letters: String = body.split_whitespace().collect();
        blocks.push((label, STANDARD.decode(letters).ok()?));
        rest = after;
    }
    Some(blocks)
}
