//! Topic patterns, split once when bound.

/// A binding's pattern: words between dots, `*` for exactly one, `#` for none or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Word>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    One,
    Many,
    Exactly(Box<str>),
}

/// A routing key's words. The empty key has none, as RabbitMQ sees it.
pub(crate) fn words(key: &str) -> Vec<&str> {
    if key.is_empty() { Vec::new() } else { key.split('.').collect() }
}

impl Pattern {
    pub(crate) fn new(pattern: &str) -> Self {
        let word = |word: &str| match word {
            "*" => Word::One,
            "#" => Word::Many,
            exactly => Word::Exactly(exactly.into()),
        };
        Self(words(pattern).into_iter().map(word).collect())
    }

    /// Whether a key that begins with this word could match.
    pub(crate) fn may_begin_with(&self, word: &str) -> bool {
        self.0.first().is_some_and(|first| *first == Word::Many || first.takes(word))
    }

    /// Goes back only to the last `#`, which is enough: what an earlier one could take, the last can as well.
    pub(crate) fn matches(&self, key: &[&str]) -> bool {
        let (mut at, mut word) = (0, 0);
        let mut last_many: Option<(usize, usize)> = None;
        while at < key.len() {
            match self.0.get(word) {
                Some(Word::Many) => {
                    last_many = Some((word, at));
                    word += 1;
                }
                Some(expected) if expected.takes(key[at]) => {
                    at += 1;
                    word += 1;
                }
                _ => {
                    let Some((many, from)) = last_many else { return false };
                    last_many = Some((many, from + 1));
                    word = many + 1;
                    at = from + 1;
                }
            }
        }
        self.0[word..].iter().all(|rest| *rest == Word::Many)
    }
}

impl Word {
    fn takes(&self, word: &str) -> bool {
        match self {
            Self::One => true,
            Self::Many => false,
            Self::Exactly(expected) => **expected == *word,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, key: &str) -> bool {
        Pattern::new(pattern).matches(&words(key))
    }

    #[test]
    fn a_star_is_one_word_and_a_hash_is_any_number() {
        for (pattern, key) in [
            ("a.*.c", "a.b.c"),
            ("#", ""),
            ("#", "a.b.c"),
            ("a.#", "a"),
            ("#.c", "a.b.c"),
            ("a.#.c", "a.c"),
            ("a.#.b.#.c", "a.x.b.b.y.c"),
            ("#.#", ""),
            ("*.#", "a"),
            ("", ""),
            ("a..c", "a..c"),
            ("a.*.c", "a..c"),
            ("route.index.#", "route.index.proj.latest"),
        ] {
            assert!(matches(pattern, key), "{pattern} should take {key}");
        }
    }

    #[test]
    fn everything_else_must_be_the_same() {
        for (pattern, key) in [
            ("a.*.c", "a.c"),
            ("a.*.c", "a.b.b.c"),
            ("*", ""),
            ("*.#", ""),
            ("a", "b"),
            ("a.#", "b.a"),
            ("a.#.c", "a.b.c.d"),
            ("ab*", "abc"),
            ("", "a"),
            ("a", "a."),
        ] {
            assert!(!matches(pattern, key), "{pattern} should not take {key}");
        }
    }

    #[test]
    fn a_pattern_tells_with_which_word_a_key_may_begin() {
        for (pattern, word, may) in [
            ("#", "primary", true),
            ("*.a", "primary", true),
            ("#.a", "primary", true),
            ("primary.#", "primary", true),
            ("route.index.#", "primary", false),
            ("route.index.#", "route", true),
            ("", "primary", false),
        ] {
            assert_eq!(Pattern::new(pattern).may_begin_with(word), may, "{pattern} and {word}");
        }
    }

    /// The same by definition instead of by walking: slow and plain.
    fn by_definition(pattern: &[&str], key: &[&str]) -> bool {
        match pattern.split_first() {
            None => key.is_empty(),
            Some((&"#", rest)) => (0..=key.len()).any(|taken| by_definition(rest, &key[taken..])),
            Some((word, rest)) => key
                .split_first()
                .is_some_and(|(first, after)| (*word == "*" || word == first) && by_definition(rest, after)),
        }
    }

    #[test]
    fn all_short_patterns_agree_with_the_definition() {
        let all = |alphabet: &[&'static str]| {
            let mut found: Vec<Vec<&'static str>> = vec![vec![]];
            let mut from = 0;
            for _ in 0..4 {
                let until = found.len();
                for index in from..until {
                    for word in alphabet {
                        found.push(found[index].iter().copied().chain([*word]).collect());
                    }
                }
                from = until;
            }
            found
        };
        for pattern in all(&["a", "*", "#"]) {
            let compiled = Pattern::new(&pattern.join("."));
            for key in all(&["a", "b"]) {
                assert_eq!(compiled.matches(&key), by_definition(&pattern, &key), "{pattern:?} of {key:?}");
            }
        }
    }
}
