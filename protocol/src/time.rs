//! Times on the wire: UTC, exactly three decimals, `Z`.

use chrono::{DateTime, Datelike, NaiveDateTime, SubsecRound, Timelike, Utc};

/// A point in time; everything Drover stores or says is cut to milliseconds.
pub type Timestamp = DateTime<Utc>;

/// The one form in which times leave the house. Every status holds a handful of them, so the digits are set by hand;
/// years without four digits take the long way.
pub fn format(time: Timestamp) -> String {
    let Ok(year @ 0..=9999) = u32::try_from(time.year()) else {
        return time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    };
    let mut text = *b"0000-00-00T00:00:00.000Z";
    set_digits(&mut text[0..4], year);
    set_digits(&mut text[5..7], time.month());
    set_digits(&mut text[8..10], time.day());
    set_digits(&mut text[11..13], time.hour());
    set_digits(&mut text[14..16], time.minute());
    set_digits(&mut text[17..19], time.second());
    set_digits(&mut text[20..23], time.nanosecond() / 1_000_000);
    text.map(char::from).iter().collect()
}

fn set_digits(place: &mut [u8], mut number: u32) {
    for letter in place.iter_mut().rev() {
        *letter = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Reads RFC 3339, and as existing clients rely on: a blank for `T`, lower-case `t` and `z`, a missing zone as UTC.
/// Digits below the millisecond are dropped.
pub fn parse(text: &str) -> Option<Timestamp> {
    let upper = text.to_ascii_uppercase();
    let zoned = DateTime::parse_from_rfc3339(&upper).map(|time| time.with_timezone(&Utc));
    let time = zoned.ok().or_else(|| {
        let plain = upper.replacen(' ', "T", 1);
        NaiveDateTime::parse_from_str(&plain, "%Y-%m-%dT%H:%M:%S%.f").ok().map(|time| time.and_utc())
    })?;
    Some(time.trunc_subsecs(3))
}

/// `#[serde(with = "time::wire")]` for a time.
pub mod wire {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Timestamp;

    pub fn serialize<S: Serializer>(time: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&super::format(*time))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(from)?;
        super::parse(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is no RFC 3339 date-time")))
    }
}

/// `#[serde(with = "time::wire_option")]` for a time that may be missing (pair it with `skip_serializing_if`).
pub mod wire_option {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Timestamp;

    pub fn serialize<S: Serializer>(time: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::wire::serialize(time, to),
            None => to.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| {
            super::parse(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is no RFC 3339 date-time")))
        })
        .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_accepted_spelling_comes_out_in_the_one_form() {
        let spellings = [
            "2026-08-21T19:24:27.123Z",
            "2026-08-21t19:24:27.123456z",
            "2026-08-21 19:24:27.123",
            "2026-08-21T21:24:27.123+02:00",
        ];
        for text in spellings {
            assert_eq!(parse(text).map(format).as_deref(), Some("2026-08-21T19:24:27.123Z"), "{text}");
        }
    }

    #[test]
    fn digits_set_by_hand_are_those_of_the_library() {
        let first = parse("0000-01-01T00:00:00Z").unwrap();
        for step in 0..20_000_i64 {
            let time = first + chrono::Duration::milliseconds(step * 16_777_216_009);
            assert_eq!(format(time), time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
        }
    }

    #[test]
    fn words_are_no_times() {
        assert_eq!(parse("soon"), None);
    }
}
