//! Random templates from a grammar, most of which render.

mod expressions;
mod mutations;
mod templates;

use jsone::{Context, Value};

/// Splitmix64: a seed gives the same templates everywhere.
pub(crate) struct Random {
    state: u64,
    /// Only what the packages of npm and Python agree on (`jsone/README.md` lists the rest).
    pub(crate) portable: bool,
}

impl Random {
    pub(crate) fn new(seed: u64, portable: bool) -> Self {
        Self { state: seed, portable }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    /// Once in so many times.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

/// What all random templates are rendered with.
pub(crate) fn variables() -> Value {
    let text = r#"{
        "n": 3, "f": 2.5, "s": "hello", "u": "wörld", "b": true, "z": null, "empty": [], "nothing": {},
        "l": [3, 1, 2], "ls": ["b", "a", "c"], "ll": [[1, 2], [3], []], "o": {"a": 1, "b": "x", "c": [1]},
        "lo": [{"k": 2, "v": "y"}, {"k": 1, "v": "x"}], "now": "2017-01-19T16:27:20.974Z"
    }"#;
    serde_json::from_str(text).unwrap()
}

pub(crate) fn context(variables: &Value) -> Result<Context, jsone::Error> {
    let mut context = Context::new("2017-01-19T16:27:20.974Z".parse().unwrap());
    context.extend(variables)?;
    Ok(context)
}
