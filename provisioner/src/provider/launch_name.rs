//! Launch ids in names of machines, where a machine's name is also its worker's id: that has at most 38 letters, and a UUID has 36.

use super::LaunchId;

const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const LENGTH: usize = 26;

pub(super) fn encode(id: LaunchId) -> String {
    let letter = |at: usize| char::from(LETTERS[usize::try_from((id.as_u128() >> (5 * at)) & 31).unwrap_or_default()]);
    (0..LENGTH).rev().map(letter).collect()
}

/// What [`encode`] made.
pub(super) fn decode(name: &str) -> Option<LaunchId> {
    let digit = |letter: u8| LETTERS.iter().position(|it| *it == letter).and_then(|at| u128::try_from(at).ok());
    let digits: Vec<u128> = name.bytes().map(digit).collect::<Option<_>>()?;
    // The first one has the three bits that are left of 128.
    let fits = digits.len() == LENGTH && digits[0] < 8;
    fits.then(|| LaunchId::from_u128(digits.iter().fold(0, |sum, digit| sum << 5 | digit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_the_id_and_nothing_else_does() {
        for id in [0, 1, u128::MAX, 0x0f9b_3c52_7e16_4c5b_9d54_4d3c_9b0f_3a11] {
            let id = LaunchId::from_u128(id);
            assert_eq!(decode(&encode(id)), Some(id));
        }
        for text in ["", "a", "zzzzzzzzzzzzzzzzzzzzzzzzzz", "aaaaaaaaaaaaaaaaaaaaaaaaa1", "aaaaaaaaaaaaaaaaaaaaaaaaaaa"]
        {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
