//! `H`: a number that is the same for one hook, and spread over hooks, so that not all fire at once.

use super::field::Kind;

/// The field with each `H`, `H(0-7)`, `H/15` and `H(0-30)/10` replaced by numbers.
pub(super) fn replace(kind: &Kind, text: &str, seed: &str) -> Result<String, String> {
    if !text.contains('H') {
        return Ok(text.to_owned());
    }
    let parts: Result<Vec<String>, String> = text.split(',').map(|part| replace_part(kind, part, seed)).collect();
    parts.map(|parts| parts.join(","))
}

fn replace_part(kind: &Kind, part: &str, seed: &str) -> Result<String, String> {
    let Some(rest) = part.strip_prefix('H') else { return Ok(part.to_owned()) };
    let bad = || format!("has `{part}` in its {}, which must be like H, H(0-7), H/15 or H(0-30)/10", kind.name);
    let (range, step) = match rest.split_once('/') {
        Some((range, step)) => (range, Some(step.parse::<u32>().ok().filter(|step| *step > 0).ok_or_else(bad)?)),
        None => (rest, None),
    };
    let (first, last) = if range.is_empty() {
        (*kind.range.start(), *kind.range.end())
    } else {
        let inner = range.strip_prefix('(').and_then(|range| range.strip_suffix(')')).ok_or_else(bad)?;
        let (first, last) = inner.split_once('-').ok_or_else(bad)?;
        (first.parse().map_err(|_| bad())?, last.parse().map_err(|_| bad())?)
    };
    if first > last || !kind.range.contains(&first) || !kind.range.contains(&last) {
        return Err(bad());
    }
    let hash = hash(seed, kind.name);
    Ok(match step {
        Some(step) => format!("{}-{last}/{step}", first + hash % step.min(last - first + 1)),
        None => (first + hash % (last - first + 1)).to_string(),
    })
}

/// FNV-1a: spread is all that is asked of it, and that it is the same in every release.
fn hash(seed: &str, field: &str) -> u32 {
    let bytes = seed.bytes().chain([0]).chain(field.bytes());
    let hash = bytes
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    u32::try_from(hash >> 32).unwrap_or_default()
}
