//! Times on the wire: UTC, exactly three decimals, `Z`, years 0001 to 9999.

use chrono::{DateTime, Datelike, NaiveDateTime, Timelike, Utc};
use serde::{Deserialize, Deserializer, de::Error};

/// A point in time; everything Drover stores or says is cut to milliseconds.
pub type Timestamp = DateTime<Utc>;

/// 0001-01-01T00:00:00.000Z. Before it, PostgreSQL writes `BC`, and clients in Python have no date.
pub const EARLIEST: Timestamp = from_millis(-62_135_596_800_000);

/// 9999-12-31T23:59:59.999Z: the last time with a four-digit year, which is what people write for "never".
pub const LATEST: Timestamp = from_millis(253_402_300_799_999);

const fn from_millis(millis: i64) -> Timestamp {
    match DateTime::from_timestamp_millis(millis) {
        Some(time) => time,
        None => DateTime::UNIX_EPOCH,
    }
}

/// The nearest time that can be written in RFC 3339. For sums: the expiry of what never expires must not leave the range.
pub fn clamp(time: Timestamp) -> Timestamp {
    time.clamp(EARLIEST, LATEST)
}

/// The only form in which times are written. Every status holds a handful of them, so the digits are set by hand. A time
/// out of range, which only an older version can have stored, is written as the nearest one within it.
pub fn format(time: Timestamp) -> String {
    let time = clamp(time);
    let mut text = *b"0000-00-00T00:00:00.000Z";
    set_digits(&mut text[0..4], time.year().unsigned_abs());
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
/// Digits below the millisecond are dropped, a leap second is the first second of the next minute. `None` also for a time
/// that is not within the years 0001 to 9999 once it is converted to UTC, like `9999-12-31T23:59:59-12:00`.
pub fn parse(text: &str) -> Option<Timestamp> {
    let upper = text.to_ascii_uppercase();
    let zoned = DateTime::parse_from_rfc3339(&upper).map(|time| time.with_timezone(&Utc));
    let time = zoned.ok().or_else(|| {
        let plain = upper.replacen(' ', "T", 1);
        NaiveDateTime::parse_from_str(&plain, "%Y-%m-%dT%H:%M:%S%.f").ok().map(|time| time.and_utc())
    })?;
    // By way of milliseconds: chrono keeps a leap second as a second of more than 1000 of them, which no database can.
    DateTime::from_timestamp_millis(time.timestamp_millis()).filter(is_tellable)
}

/// Whether `format` writes exactly this time.
pub fn is_tellable(time: &Timestamp) -> bool {
    (EARLIEST..=LATEST).contains(time)
}

/// Reads a time as PostgreSQL writes it into JSON. One that no `parse` accepts (`10000-01-01T…`, `… BC`) is the nearest that
/// can be written, so that a row which an older version stored can still be read.
pub fn parse_stored(text: &str) -> Option<Timestamp> {
    parse(text).or_else(|| {
        let (year, rest) = text.split_once('-')?;
        let beyond = year.len() > 4 && year.bytes().all(|byte| byte.is_ascii_digit());
        if year == "0000" || text.ends_with(" BC") {
            Some(EARLIEST)
        } else {
            (beyond || (year == "9999" && rest.starts_with("12-31T"))).then_some(LATEST)
        }
    })
}

/// `#[serde(deserialize_with = "time::stored_option")]`, for JSON that a stored function made.
pub fn stored_option<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| parse_stored(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is no time of the database"))))
        .transpose()
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
        let first = parse("0001-01-01T00:00:00Z").unwrap();
        assert_eq!(first, EARLIEST);
        for step in 0..18_000_i64 {
            let time = first + chrono::Duration::milliseconds(step * 16_777_216_009);
            assert_eq!(format(time), time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
        }
    }

    #[test]
    fn words_are_no_times() {
        assert_eq!(parse("soon"), None);
    }

    #[test]
    fn what_cannot_be_written_in_utc_is_not_read() {
        let last = "9999-12-31T23:59:59.999Z";
        let texts = ["0001-01-01T00:00:00.000Z", "1969-12-31T23:59:59.999Z", last];
        assert!(texts.iter().all(|text| parse(text).map(format).as_deref() == Some(text)));
        for text in ["9999-12-31T23:59:59.9999Z", "9999-12-31 23:59:59.999", "9999-12-31T11:59:59.999-12:00"] {
            assert_eq!(parse(text).map(format).as_deref(), Some(last), "{text}");
        }
        let beyond = [
            "9999-12-31T23:59:59.999-12:00",
            "9999-12-31T23:59:60Z",
            "+10000-01-01T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "0000-12-31T23:59:59.999Z",
            "0001-01-01T00:00:00+00:01",
            "-0001-01-01T00:00:00Z",
        ];
        assert!(beyond.iter().all(|text| parse(text).is_none()));
    }

    #[test]
    fn a_leap_second_is_the_first_second_of_the_next_minute() {
        assert_eq!(parse("2016-12-31T23:59:60.5Z").map(format).as_deref(), Some("2017-01-01T00:00:00.500Z"));
    }

    #[test]
    fn sums_and_what_is_stored_stay_within_what_can_be_written() {
        let days = |days| LATEST + chrono::Duration::days(days);
        assert_eq!((format(days(1)), clamp(days(-1))), (format(LATEST), days(-1)));
        assert_eq!(format(EARLIEST - chrono::Duration::days(366)), format(EARLIEST));
        let stored = [
            ("9999-12-31T23:59:59.999+00:00", LATEST),
            ("10000-01-01T11:59:59.999+00:00", LATEST),
            ("9999-12-31T23:59:59.999-12:00", LATEST),
            ("0044-03-15T00:00:00+00:00 BC", EARLIEST),
            ("1970-01-01T01:00:00+01:00", Timestamp::UNIX_EPOCH),
        ];
        assert!(stored.into_iter().all(|(text, time)| parse_stored(text) == Some(time)));
        assert!(
            ["soon", "", "2026-13-01T00:00:00Z", "9999-01-32T00:00:00Z"].map(parse_stored).iter().all(Option::is_none)
        );
    }
}
