//! Names are the standard terms of the field. `names.txt` lists how often other words may still occur; its numbers only
//! fall: `UPDATE=1` lowers them to the present ones.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use crate::{
    files::files,
    metadata::{expect_none, root},
};

/// Words that say nothing to an engineer who knows Taskcluster, Rust and AMQP, with what to write instead. They are
/// found in prose and in identifiers, of which each part is a word.
const WORDS: &[(&str, &str)] = &[
    ("house houses roof", "system, installation"),
    ("lane lanes", "batcher"),
    ("desk", "wait queue"),
    ("nudge nudges nudged poke pokes poked", "notify"),
    ("park parked parking unparked unheard", "dead letter"),
    ("hitch hitches misfit misfits unfit", "error, problem"),
    ("heard hears hear", "receive"),
    ("told teller telling", "publish, report, write"),
    ("wish wishes wished unwant unwanted", "pending create, mark cancelled"),
    ("entropy", "rng"),
    ("patience", "timeout"),
    ("breath", "min_interval"),
    ("mend mends mended", "repair"),
    ("shelf ears happening happenings seats", "a standard term"),
    ("stranger strangers", "anonymous or other client"),
];

/// The same for words in a row.
const PHRASES: &[(&str, &str)] = &[
    ("the world", "external"),
    ("left alone", "circuit breaker open, unchanged"),
    ("fuse in", "circuit breaker"),
    ("fuse out", "circuit breaker"),
    ("whole uploads", "require_complete_uploads"),
    ("go on header", "resume-upload"),
    ("drover go on", "resume-upload"),
];

/// Whole names of types that have a standard one.
const TYPES: &[&str] = &[
    "Door",
    "House",
    "Look",
    "Heard",
    "Told",
    "Letter",
    "Fact",
    "Fault",
    "Failure",
    "Refusal",
    "Asked",
    "Place",
    "Standing",
    "Sight",
    "Near",
    "Far",
    "Ground",
    "WorkWanted",
    "RunWanted",
    "RunEnd",
    "GivenUp",
    "Hint",
    "Tick",
];

/// Whole identifiers of SQL that have a standard one.
const COLUMNS: &[&str] = &["edge", "remaining", "from_run"];

const KINDS: &[&str] =
    &[".rs", ".sql", ".proto", ".py", ".sh", ".md", ".toml", ".yml", ".yaml", ".json", ".js", ".cfg"];

const LIST: &str = "tests/tests/tidy/names.txt";

type Counts = BTreeMap<String, usize>;

#[test]
fn names_are_the_standard_terms() {
    let (found, allowed) = (count(), allowed());
    if base::environment::variable("UPDATE").is_some() {
        let lower = |(word, most): (&String, &usize)| {
            let left = found.get(word).copied().unwrap_or_default().min(*most);
            (left > 0).then(|| format!("{left} {word}\n"))
        };
        fs::write(root().join(LIST), allowed.iter().filter_map(lower).collect::<String>()).unwrap();
    }
    let more = found.iter().filter(|(word, count)| **count > allowed.get(*word).copied().unwrap_or_default());
    let problem = |(word, count): (&String, &usize)| {
        format!("`{word}` {count} times (`git grep -i {word}`): write {}", instead_of(word))
    };
    expect_none(&more.map(problem).collect::<Vec<_>>());
}

/// Lines of number and word.
fn allowed() -> Counts {
    let list = fs::read_to_string(root().join(LIST)).unwrap();
    let entry = |line: &str| line.split_once(' ').map(|(number, word)| (word.to_owned(), number.parse().unwrap()));
    list.lines().filter_map(entry).collect()
}

fn instead_of(word: &str) -> &'static str {
    let of_words = WORDS.iter().find(|(words, _)| words.split(' ').any(|it| it == word));
    let found = of_words.or_else(|| PHRASES.iter().find(|(phrase, _)| *phrase == word));
    found.map_or("the standard name (CONTRIBUTING.md, Style)", |(_, instead)| instead)
}

fn count() -> Counts {
    let banned: BTreeSet<&str> = WORDS.iter().flat_map(|(words, _)| words.split(' ')).collect();
    let mut counts = Counts::new();
    for (name, text) in files("").iter().filter(|(name, _)| is_ours(name)) {
        count_in(text, name, &banned, &mut counts);
    }
    counts
}

/// The changelog quotes former names; this file and its list are made of them.
fn is_ours(name: &str) -> bool {
    let is_excluded = name.starts_with("changelog/") || name.starts_with("tests/tests/tidy/names.");
    KINDS.iter().any(|kind| name.ends_with(kind)) && !is_excluded && !name.ends_with("-lock.json")
}

fn count_in(text: &str, name: &str, banned: &BTreeSet<&str>, counts: &mut Counts) {
    let mut add = |word: &str| *counts.entry(word.to_owned()).or_default() += 1;
    let words = words(text);
    words.iter().filter(|word| banned.contains(word.as_str())).for_each(|word| add(word));
    for (phrase, _) in PHRASES {
        let parts: Vec<&str> = phrase.split(' ').collect();
        words.windows(parts.len()).filter(|window| *window == parts).for_each(|_| add(phrase));
    }
    let whole = match name.rsplit_once('.') {
        Some((_, "rs")) => TYPES,
        Some((_, "sql")) => COLUMNS,
        _ => return,
    };
    let identifiers = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    identifiers.filter(|it| whole.contains(it)).for_each(add);
}

/// The words of a text in lower case: `ParkedMessage` and `parked_message` are two words each.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for letter in text.chars() {
        let ends = !letter.is_ascii_alphabetic() || (letter.is_ascii_uppercase() && was_lower);
        if ends && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if letter.is_ascii_alphabetic() {
            words.last_mut().unwrap().push(letter.to_ascii_lowercase());
        }
        was_lower = letter.is_ascii_lowercase();
    }
    words
}

#[test]
fn identifiers_are_split_into_words() {
    assert_eq!(words("ParkedMessage park_it(HTTP)")[..5], ["parked", "message", "park", "it", "http"]);
}
