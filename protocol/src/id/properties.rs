//! What holds for every slugid and every text that is none.

use proptest::{prelude::*, string::string_regex};

use super::*;

/// The letters that a slugid may have in each place, as the schemas write it down.
const SLUG: &str = "[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]";

fn fits_the_pattern(text: &str) -> bool {
    let any = |letter: u8| letter.is_ascii_alphanumeric() || b"_-".contains(&letter);
    let bytes = text.as_bytes();
    bytes.len() == 22
        && bytes.iter().all(|letter| any(*letter))
        && (b'Q'..=b'T').contains(&bytes[8])
        && b"CGKOSWaeimquy26-".contains(&bytes[10])
        && b"AQgw".contains(&bytes[21])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_id_survives_the_way_there_and_back(bytes: [u8; 16]) {
        let id = TaskId::from_random(bytes);
        let slug = id.to_string();
        prop_assert!(fits_the_pattern(&slug) && !slug.starts_with('-'), "{}", slug);
        prop_assert_eq!(slug.parse::<TaskId>(), Ok(id));
        prop_assert_eq!(serde_json::from_value::<TaskId>(serde_json::to_value(id).unwrap()).unwrap(), id);
    }

    #[test]
    fn exactly_what_the_schemas_call_a_slugid_is_read_and_written_back_as_it_stood(
        text in prop_oneof![any::<String>(), string_regex("[A-Za-z0-9_=-]{20,24}").unwrap(), string_regex(SLUG).unwrap()],
    ) {
        let read = text.parse::<TaskId>();
        prop_assert_eq!(read.is_ok(), fits_the_pattern(&text));
        if let Ok(id) = read {
            prop_assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn a_changed_letter_makes_another_id_or_none(bytes: [u8; 16], place in 0..22usize, letter in prop::char::range(' ', '~')) {
        let id = TaskId::from_random(bytes);
        let slug = id.to_string();
        let mut changed = slug.clone();
        changed.replace_range(place..=place, &letter.to_string());
        prop_assert_eq!(changed.parse() == Ok(id), changed == slug);
    }

    #[test]
    fn every_text_has_the_parts_of_a_task_queue(text: String) {
        let queue = TaskQueueId(text.clone());
        let (provisioner, worker_type) = queue.parts();
        prop_assert!(text == provisioner || text == [provisioner, "/", worker_type].concat());
    }

    #[test]
    fn a_prefix_is_the_range_of_the_ids_that_begin_with_it(bytes: [u8; 16], other: [u8; 16], length in 6..22usize) {
        let slug = TaskId::from_random(bytes).to_string();
        let prefix: IdPrefix = slug[..length].parse().unwrap();
        let (low, high) = prefix.range();
        // The other id differs anywhere, or only in what follows the prefix.
        let mut near = bytes;
        near[12..].copy_from_slice(&other[12..]);
        for id in [bytes, other, near].map(TaskId::from_random) {
            let begins = id.to_string().starts_with(&slug[..length]);
            prop_assert_eq!((low..=high).contains(&id.0), begins, "{} in {}", id, prefix);
        }
    }

    #[test]
    fn only_six_to_twenty_one_letters_are_a_prefix(text in prop_oneof![any::<String>(), string_regex("[A-Za-z0-9_=-]{4,24}").unwrap()]) {
        let letters = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        prop_assert_eq!(text.parse::<IdPrefix>().is_ok(), letters && (6..22).contains(&text.len()));
    }
}
