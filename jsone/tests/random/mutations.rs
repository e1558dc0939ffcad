//! Templates with small random changes.

use jsone::{Map, Value};

use super::Random;

const PIECES: &[&str] = &[
    "", " ", "a", "x", "key", "1", "-1", "0.5", "true", "null", "'b'", "\"c\"", "+", "-", "*", "/", "**", "(", ")",
    "[", "]", "{", "}", ".", ":", ",", "<", "==", "!", "&&", "in ", "[0]", "[1:]", "len(x)", "min", "${", "$${", "$",
    "each(x)", "then", "é", "😀",
];

impl Random {
    /// One of these cases with its template changed in up to three places, and its variables beside the usual ones.
    pub(crate) fn mutated_case(&mut self, cases: &[Value]) -> (Value, Value) {
        let part = |case: &Value, name: &str| case.as_object().unwrap()[name].clone();
        let (case, other) = (&cases[self.below(cases.len())], &cases[self.below(cases.len())]);
        let mut template = part(case, "template");
        for _ in 0..=self.below(3) {
            template = self.mutation(&template, &part(other, "template"));
        }
        let mut variables = super::variables().as_object().unwrap().clone();
        variables.extend(part(case, "context").as_object().unwrap().clone());
        (template, variables.into())
    }

    /// The template with one place changed. `other` is where a whole part may come from.
    fn mutation(&mut self, template: &Value, other: &Value) -> Value {
        match template {
            Value::Array(items) if !items.is_empty() && !self.once_in(4) => {
                let mut items = items.to_vec();
                let index = self.below(items.len());
                match self.below(6) {
                    0 => drop(items.remove(index)),
                    1 => items.push(items[index].clone()),
                    _ => items[index] = self.mutation(&items[index], other),
                }
                Value::from(items)
            }
            Value::Object(map) if !map.is_empty() && !self.once_in(6) => Value::from(self.mutated_map(map, other)),
            Value::String(text) if !self.once_in(6) => Value::from(self.mutated_text(text)),
            _ => match self.below(4) {
                0 => Value::Null,
                1 => Value::from(self.below(3)),
                2 => Value::from(self.pick(PIECES)),
                _ => other.clone(),
            },
        }
    }

    fn mutated_map(&mut self, map: &Map, other: &Value) -> Map {
        let chosen = self.below(map.len());
        let how = self.below(8);
        let mut mutated = Map::new();
        for (index, (key, value)) in map.iter().enumerate() {
            match how {
                _ if index != chosen => drop(mutated.insert(key.clone(), value.clone())),
                0 => {}
                1 => drop(mutated.insert(self.mutated_text(key).into(), value.clone())),
                _ => drop(mutated.insert(key.clone(), self.mutation(value, other))),
            }
        }
        mutated
    }

    /// A few letters cut out, a piece put in, or both.
    fn mutated_text(&mut self, text: &str) -> String {
        let letters: Vec<char> = text.chars().collect();
        let from = self.below(letters.len() + 1);
        let to = (from + self.below(3)).min(letters.len());
        let piece = self.pick(PIECES);
        letters[..from].iter().copied().chain(piece.chars()).chain(letters[to..].iter().copied()).collect()
    }
}
