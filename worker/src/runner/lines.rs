//! Lines of a limited length.

use std::io::{self, BufRead, Read};

/// A message with credentials has some kilobytes.
const MAX_BYTES: usize = 1 << 20;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Text(String),
    /// So many bytes, which were skipped.
    TooLong(u64),
    /// The input ended in the middle of it.
    Unfinished,
}

/// The next line, without its end; `None` at the end of the input. What is no UTF-8 is replaced.
pub(super) fn next(input: &mut impl BufRead) -> io::Result<Option<Line>> {
    let mut bytes = Vec::new();
    // One byte more: a line of the greatest length still ends within it.
    let limit = u64::try_from(MAX_BYTES + 1).unwrap_or(u64::MAX);
    if input.by_ref().take(limit).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        return Ok(Some(Line::Text(String::from_utf8_lossy(&bytes).into_owned())));
    }
    if bytes.len() <= MAX_BYTES {
        return Ok(Some(Line::Unfinished));
    }
    Ok(Some(Line::TooLong(limit + skip(input)?)))
}

/// Up to the end of the line; how many bytes that are.
fn skip(input: &mut impl BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let (end, used) = {
            let piece = input.fill_buf()?;
            let end = piece.iter().position(|byte| *byte == b'\n');
            (end.is_some() || piece.is_empty(), end.map_or(piece.len(), |at| at + 1))
        };
        input.consume(used);
        skipped += u64::try_from(used).unwrap_or(u64::MAX);
        if end {
            return Ok(skipped);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_skipped_and_the_next_one_read() {
        let long = 10 << 20;
        let text = format!("one\n\n{}\ntwo\n{}\nhalf", "x".repeat(long), "y".repeat(MAX_BYTES));
        let mut input = io::BufReader::with_capacity(1000, text.as_bytes());
        let expected = [
            Line::Text("one".to_owned()),
            Line::Text(String::new()),
            Line::TooLong(u64::try_from(long).unwrap() + 1),
            Line::Text("two".to_owned()),
            Line::Text("y".repeat(MAX_BYTES)),
            Line::Unfinished,
        ];
        for line in expected {
            assert!(next(&mut input).unwrap() == Some(line), "at {:?}", String::from_utf8_lossy(input.buffer()).len());
        }
        assert_eq!(next(&mut input).unwrap(), None);
        assert_eq!(next(&mut io::Cursor::new(b"a\xffb\n")).unwrap(), Some(Line::Text("a\u{fffd}b".to_owned())));
    }
}
