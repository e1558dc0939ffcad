//! Random expressions, mostly of the wanted kind.

use super::Random;

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Number,
    String,
    Bool,
    List,
    Object,
}

const KINDS: &[Kind] = &[Kind::Number, Kind::String, Kind::Bool, Kind::List, Kind::Object];
const TOKENS: &[&str] = &[
    "**", "+", "-", "*", "/", "[", "]", ".", "(", ")", "{", "}", ":", ",", ">=", "<=", "<", ">", "==", "!=", "!", "&&",
    "||", "true", "false", "in", "null", "1", "2.5", "n", "s", "l", "o", "'x'", "\"y\"", "len", "min", "$", "${", "=",
    "é", "\u{feff}",
];

impl Random {
    pub(crate) fn expression(&mut self, depth: usize) -> String {
        let kind = self.pick(KINDS);
        self.expression_of(kind, depth)
    }

    /// One in ten is of another kind, so that errors are compared, too. In Python booleans are numbers.
    pub(crate) fn expression_of(&mut self, kind: Kind, depth: usize) -> String {
        let others = if self.portable { &[Kind::String, Kind::Object] } else { KINDS };
        let kind = if self.once_in(10) { self.pick(others) } else { kind };
        if depth == 0 {
            return self.leaf(kind).to_owned();
        }
        match kind {
            Kind::Number => self.number(depth - 1),
            Kind::String => self.string(depth - 1),
            Kind::Bool => self.bool(depth - 1),
            Kind::List => self.list(depth - 1),
            Kind::Object => self.object(depth - 1),
        }
    }

    fn leaf(&mut self, kind: Kind) -> &'static str {
        match kind {
            Kind::Number if self.portable => self.pick(&["0", "1", "2", "7", "n", "-1", "10", "l[0]", "o.a"]),
            Kind::Number => self.pick(&["0", "1", "2", "7", "n", "f", "0.5", "-1", "3.25", "l[0]", "o.a", "lo[0].k"]),
            Kind::String => self.pick(&["'a'", "\"b\"", "s", "u", "''", "ls[0]", "o.b", "'a b'", "'1'", "now"]),
            Kind::Bool => self.pick(&["true", "false", "b", "null", "z"]),
            Kind::List => self.pick(&["l", "ls", "ll", "lo", "empty", "[]", "[1]", "[1, 'a', null]"]),
            Kind::Object => self.pick(&["o", "nothing", "{}", "{a: 1}", "{\"b\": 2, c: 'x'}", "lo[1]"]),
        }
    }

    fn number(&mut self, depth: usize) -> String {
        let left = self.expression_of(Kind::Number, depth);
        let right = self.expression_of(Kind::Number, depth);
        match self.below(if self.portable { 8 } else { 14 }) {
            0 => format!("{left} + {right}"),
            1 => format!("({left} - {right})"),
            2 => format!("{left} * {right}"),
            3 => format!("-{left}"),
            4 => format!("min({left}, {right}, n)"),
            5 => format!("max({left}, {right})"),
            6 => format!("len({})", self.expression_of(Kind::List, depth)),
            7 => format!("abs({left})"),
            8 => format!("{left} / {right}"),
            9 => format!("{left} ** 2"),
            10 => format!("{}({left})", self.pick(&["ceil", "floor", "sqrt"])),
            11 => format!("number({})", self.expression_of(Kind::String, depth)),
            12 => format!("+{left}"),
            _ => format!("{}[{right}]", self.expression_of(Kind::List, depth)),
        }
    }

    fn string(&mut self, depth: usize) -> String {
        let text = self.expression_of(Kind::String, depth);
        let number = self.expression_of(Kind::Number, depth);
        match self.below(if self.portable { 7 } else { 11 }) {
            0 => format!("{text} + {}", self.expression_of(Kind::String, depth)),
            1 => format!("{}({text})", self.pick(&["lowercase", "uppercase", "strip", "lstrip", "rstrip"])),
            2 => format!("str({number})"),
            3 => format!("typeof({})", self.expression(depth)),
            4 => format!("join(split({text}, 'l'), '-')"),
            5 => format!("({text})[{}:]", self.pick(&["0", "1", "-2"])),
            6 => format!("({text})[:{}]", self.pick(&["2", "-1", "99"])),
            7 => format!("({text})[{number}]"),
            8 => format!("({text})[{number}:{}]", self.expression_of(Kind::Number, depth)),
            9 => format!("join({}, {})", self.expression_of(Kind::List, depth), self.pick(&["','", "1", "''"])),
            _ => format!("fromNow('{}')", self.pick(&["1 day", "-2h 3 min", "1 y 1 mo", "", "1 fortnight", "2 Weeks"])),
        }
    }

    fn bool(&mut self, depth: usize) -> String {
        let left = self.expression(depth);
        let kind = self.pick(if self.portable { &[Kind::String, Kind::Bool] } else { KINDS });
        let (one, other) = (self.expression_of(kind, depth), self.expression_of(kind, depth));
        match self.below(8) {
            0 => format!("!({left})"),
            1 => format!("({left} && {})", self.expression(depth)),
            2 => format!("({left} || {})", self.expression(depth)),
            3 => format!("({one}) {} ({other})", self.pick(&["==", "!="])),
            4 => format!("({one}) {} ({other})", self.pick(&["<", ">", "<=", ">="])),
            5 => format!(
                "({}) in ({})",
                self.expression_of(Kind::String, depth),
                self.expression_of(Kind::Object, depth)
            ),
            6 => format!("({one}) in [{other}, {one}]"),
            _ => format!("defined('{}')", self.pick(&["n", "x", "min", "now", "missing"])),
        }
    }

    fn list(&mut self, depth: usize) -> String {
        let list = self.expression_of(Kind::List, depth);
        match self.below(5) {
            0 => format!("[{}, {}]", self.expression_of(Kind::String, depth), self.expression_of(Kind::String, depth)),
            1 => format!("{list}[{}:{}]", self.pick(&["", "0", "1", "-2"]), self.pick(&["", "2", "-1", "9"])),
            2 => format!(
                "range({}, {})",
                self.pick(&["0", "1", "5", "-3"]),
                self.pick(&["4", "0", "n", "7, 2", "0, -1"])
            ),
            3 => format!("split({}, {})", self.expression_of(Kind::String, depth), self.pick(&["'l'", "''", "' '"])),
            _ => format!("[{}]", self.expression(depth)),
        }
    }

    fn object(&mut self, depth: usize) -> String {
        let value = self.expression(depth);
        match self.below(3) {
            0 => format!("{{a: {value}}}"),
            1 => format!("{{'x y': {value}, b: {}, }}", self.expression(depth)),
            _ => format!("{{a: {value}, a: {}}}", self.expression(depth)),
        }
    }

    /// Tokens in any order.
    pub(crate) fn tokens(&mut self) -> String {
        let count = 1 + self.below(8);
        (0..count).map(|_| self.pick(TOKENS)).collect::<Vec<_>>().join(self.pick(&["", " "]))
    }
}
