//! The `Range` header, as far as we serve it: one part, in bytes.

use std::ops::Range;

/// The part of a content that is requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RequestedRange {
    Whole,
    Part(Range<u64>),
    /// A part beyond the end.
    Outside,
}

/// Anything but one valid part in bytes requests the whole, as a server may always ignore the header.
pub(super) fn requested_range(header: Option<&str>, length: u64) -> RequestedRange {
    let Some((first, last)) = header.and_then(|header| header.strip_prefix("bytes=")?.split_once('-')) else {
        return RequestedRange::Whole;
    };
    let part = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..length.min(last.saturating_add(1)),
        (Some(first), None) if last.is_empty() => first..length,
        (None, Some(count)) if first.is_empty() => length.saturating_sub(count)..length,
        _ => return RequestedRange::Whole,
    };
    if part.is_empty() { RequestedRange::Outside } else { RequestedRange::Part(part) }
}

fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_to_the_length() {
        let cases = [
            ("bytes=0-4", RequestedRange::Part(0..5)),
            ("bytes=5-", RequestedRange::Part(5..10)),
            ("bytes=8-99", RequestedRange::Part(8..10)),
            ("bytes=-3", RequestedRange::Part(7..10)),
            ("bytes=-99", RequestedRange::Part(0..10)),
        ];
        for (header, expected) in cases {
            assert_eq!(requested_range(Some(header), 10), expected, "{header}");
        }
    }

    #[test]
    fn a_range_beyond_the_end_is_an_error_and_an_invalid_one_is_ignored() {
        for header in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            assert_eq!(requested_range(Some(header), 10), RequestedRange::Outside, "{header}");
        }
        for header in ["", "bytes=", "bytes=4-2", "bytes=0-1,3-4", "bytes=a-b", "lines=1-2", "bytes=-", "bytes=+1-2"] {
            assert_eq!(requested_range(Some(header), 10), RequestedRange::Whole, "{header}");
        }
        assert_eq!(requested_range(None, 10), RequestedRange::Whole);
    }
}
