//! Limits of a DER message, checked before it is parsed: parsers sort sets in quadratic time, and anybody may send one.

/// No real message is longer, has more elements, deeper ones, or more of them in one.
const MAX_BYTES: usize = 20 * 1024;
const MAX_ELEMENTS: usize = 2000;
const MAX_DEPTH: usize = 24;
const MAX_CHILDREN: usize = 64;

/// The bit of a tag that says that elements are inside.
const CONSTRUCTED: u8 = 0x20;

/// Whether the message is small enough to be parsed.
pub(super) fn are_kept(message: &[u8]) -> bool {
    let mut left = MAX_ELEMENTS;
    message.len() <= MAX_BYTES && children(message, 0, &mut left).is_some()
}

/// Walks through the elements; `None`: there are too many, or they are none.
fn children(mut bytes: &[u8], depth: usize, left: &mut usize) -> Option<()> {
    let mut count = 0;
    while !bytes.is_empty() {
        count += 1;
        *left = left.checked_sub(1)?;
        if count > MAX_CHILDREN || depth > MAX_DEPTH {
            return None;
        }
        let (tag, content, rest) = element(bytes)?;
        if tag & CONSTRUCTED != 0 {
            children(content, depth + 1, left)?;
        }
        bytes = rest;
    }
    Some(())
}

/// Tag, content and what follows. DER has definite lengths only, and tags of one byte are all that is used here.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, bytes) = bytes.split_first()?;
    let (&first, mut bytes) = bytes.split_first()?;
    let length = match first {
        0..=0x7f => usize::from(first),
        0x81..=0x83 => {
            let (digits, rest) = bytes.split_at_checked(usize::from(first & 0x7f))?;
            bytes = rest;
            digits.iter().fold(0, |length, digit| (length << 8) | usize::from(*digit))
        }
        _ => return None,
    };
    let (content, rest) = bytes.split_at_checked(length)?;
    Some((tag, content, rest))
}
