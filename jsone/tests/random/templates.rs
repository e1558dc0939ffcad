//! Random templates.

use jsone::{Map, Value};

use super::{Random, expressions::Kind};

const KEYS: &[&str] = &["a", "b", "k_1", "x y", "$$a", "${s}", "then"];

fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::from(entries.into_iter().map(|(key, value)| (key.into(), value)).collect::<Map>())
}

impl Random {
    pub(crate) fn template(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 3 } else { 12 }) {
            0 => Value::from(self.below(5)),
            1 => self.text(),
            2 => object([("$eval", self.source(2))]),
            3 => (0..self.below(4)).map(|_| self.element(depth - 1)).collect::<Vec<_>>().into(),
            4 | 5 => {
                let keys = 1 + self.below(3);
                Value::from((0..keys).map(|_| (self.pick(KEYS).into(), self.element(depth - 1))).collect::<Map>())
            }
            _ => self.operator(depth - 1),
        }
    }

    fn text(&mut self) -> Value {
        let source = self.expression_of(Kind::String, 2);
        let text = match self.below(6) {
            0 => "plain".to_owned(),
            1 => format!("a ${{{source}}} b"),
            2 => format!("$${{{source}}}"),
            3 => format!("${{{source}}}${{{}}}", self.expression_of(Kind::Number, 1)),
            4 => format!("{source}}} ${{"),
            _ => format!("$$${{ {source} }}$"),
        };
        Value::from(text)
    }

    fn source(&mut self, depth: usize) -> Value {
        Value::from(self.expression(depth))
    }

    /// A template that most often gives a value of the kind.
    fn operand(&mut self, kind: Kind, depth: usize) -> Value {
        match self.below(8) {
            0 => self.template(depth),
            1 if !self.portable => self.element(depth),
            _ => object([("$eval", self.expression_of(kind, 2).into())]),
        }
    }

    /// What may yield nothing. Only in a list or object all implementations treat that the same.
    fn element(&mut self, depth: usize) -> Value {
        match self.below(12) {
            0 => object([("$if", self.source(2)), (self.pick(&["then", "else"]), self.template(depth))]),
            1 => self.find(depth),
            _ => self.template(depth),
        }
    }

    /// Elements are plain where all must agree: Python renders the one it finds once more.
    fn find(&mut self, depth: usize) -> Value {
        let list = self.operand(Kind::List, depth);
        let list = if self.portable { self.variable() } else { list };
        object([("$find", list), ("each(x,i)", self.condition().into())])
    }

    fn operator(&mut self, depth: usize) -> Value {
        match self.below(16) {
            0 | 1 => object([("$if", self.source(2)), ("then", self.template(depth)), ("else", self.template(depth))]),
            2 if !self.portable => self.element(depth),
            2..=4 => {
                let name = if self.portable { "y" } else { "n" };
                let variables = object([("x", self.template(depth)), (name, self.template(depth))]);
                object([("$let", variables), ("in", self.template(depth))])
            }
            5 => object([("$map", self.operand(Kind::List, depth)), ("each(x)", self.template(depth))]),
            6 => object([("$map", self.operand(Kind::List, depth)), ("each(x,i)", self.template(depth))]),
            7 => {
                let each = object([("${y}", self.template(depth))]);
                object([("$map", self.operand(Kind::Object, depth)), ("each(x, y)", each)])
            }
            8 => {
                let names = self.pick(&["each(acc,x)", "each(acc, x, i)"]);
                object([
                    ("$reduce", self.operand(Kind::List, depth)),
                    ("initial", 1.0.into()),
                    (names, self.template(depth)),
                ])
            }
            9 => object([("$let", object([("x", self.element(depth))])), ("in", self.template(depth))]),
            10 => object([("$match", object([("n == 3", self.template(depth)), ("l", self.template(depth))]))]),
            11 => {
                let cases = [
                    ("n == 4", self.template(depth)),
                    ("s == 'hello'", 1.0.into()),
                    ("$default", self.template(depth)),
                ];
                object([("$switch", object(cases))])
            }
            12 if self.portable => object([("$sort", self.variable())]),
            12 => object([("$sort", self.operand(Kind::List, depth))]),
            13 => {
                object([("$sort", object([("$eval", "lo".into())])), ("by(x)", self.pick(&["x.k", "x.v", "x"]).into())])
            }
            14 => {
                let parts = vec![self.operand(Kind::Object, depth), self.operand(Kind::Object, depth)];
                object([(self.pick(&["$merge", "$mergeDeep"]), parts.into())])
            }
            15 => object([(self.pick(&["$flatten", "$flattenDeep", "$reverse"]), self.operand(Kind::List, depth))]),
            _ if self.once_in(2) => object([("$json", self.template(depth))]),
            _ => object([
                ("$fromNow", self.pick(&["1 day", "-3 h", "${n} days"]).into()),
                ("from", "2020-02-28T23:00:00.000Z".into()),
            ]),
        }
    }

    fn variable(&mut self) -> Value {
        object([("$eval", self.pick(&["l", "ls", "empty"]).into())])
    }

    fn condition(&mut self) -> &'static str {
        self.pick(&["x == 2", "i == 1", "x", "x == 'a'", "i > 5"])
    }
}
