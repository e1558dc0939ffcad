use std::{borrow::Cow, collections::HashSet, rc::Rc};

use super::{Reach, RoleSet, Rule};
use crate::scope::{ScopeSet, set::compare};

impl RoleSet {
    /// These scopes and all that they come to through roles, in normal form.
    pub fn expand<'a>(&'a self, scopes: impl IntoIterator<Item = &'a str>) -> ScopeSet {
        let mut expansion = Expansion::of(self);
        for scope in scopes {
            expansion.add(Cow::Borrowed(scope));
        }
        expansion.finish()
    }
}

/// An expansion on its way. Whatever has been marked is not looked at again.
struct Expansion<'a> {
    roles: &'a RoleSet,
    texts: Marks,
    plain: Marks,
    starred: Marks,
    /// Starred roles that are held with any ending, so that single endings add nothing.
    open: Marks,
    /// Scopes that are no texts of the roles.
    found: Vec<Cow<'a, str>>,
    /// Those of them that lead on.
    leading: HashSet<Rc<str>>,
    ahead: Vec<Step>,
}

/// A scope still to be followed.
enum Step {
    Text(usize),
    Found(Rc<str>, Reach),
}

impl<'a> Expansion<'a> {
    fn of(roles: &'a RoleSet) -> Self {
        let starred = roles.starred.len();
        Self {
            roles,
            texts: Marks::new(roles.texts.len()),
            plain: Marks::new(roles.plain.len()),
            starred: Marks::new(starred),
            open: Marks::new(starred),
            found: Vec::new(),
            leading: HashSet::new(),
            ahead: Vec::new(),
        }
    }

    fn add(&mut self, scope: Cow<'a, str>) {
        let reach = self.roles.reach(&scope);
        if !reach.is_empty() {
            let scope: Rc<str> = Rc::from(&*scope);
            if !self.leading.insert(Rc::clone(&scope)) {
                return;
            }
            self.ahead.push(Step::Found(scope, reach));
        }
        self.found.push(scope);
    }

    fn finish(mut self) -> ScopeSet {
        let roles = self.roles;
        while let Some(step) = self.ahead.pop() {
            match step {
                Step::Text(place) => self.follow(&roles.texts[place].scope, &roles.texts[place].reach),
                Step::Found(scope, reach) => self.follow(&scope, &reach),
            }
        }
        self.found.sort_unstable_by(|a, b| compare(a, b));
        let texts = self.texts.places().map(|place| Cow::Borrowed(roles.texts[place].scope.as_str()));
        ScopeSet::merge(texts, self.found.into_iter())
    }

    fn follow(&mut self, scope: &str, reach: &Reach) {
        let roles = self.roles;
        for place in reach.plain.clone() {
            if self.plain.set(place) {
                self.give(&roles.plain[place].always);
            }
        }
        for place in reach.open.clone() {
            if self.open.set(place) {
                self.give(&roles.starred[place].wide);
                self.give_always(place);
            }
        }
        for place in roles.upwards(reach.longest) {
            self.give_always(place);
            if !self.open.has(place) {
                self.fill(&roles.starred[place], scope);
            }
        }
    }

    fn give_always(&mut self, place: usize) {
        if self.starred.set(place) {
            self.give(&self.roles.starred[place].always);
        }
    }

    fn give(&mut self, texts: &[usize]) {
        for place in texts {
            if self.texts.set(*place) && !self.roles.texts[*place].reach.is_empty() {
                self.ahead.push(Step::Text(*place));
            }
        }
    }

    /// What the star matched is the rest of the scope, together with the star at its own end.
    fn fill(&mut self, rule: &'a Rule, scope: &str) {
        let matched = &scope[super::ASSUME.len() + rule.key.len()..];
        for template in &rule.templates {
            self.add(Cow::Owned(template.fill(matched)));
        }
    }
}

/// One mark for each of so many things.
struct Marks(Vec<u64>);

impl Marks {
    fn new(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    /// Whether it was not marked before.
    fn set(&mut self, place: usize) -> bool {
        let (word, bit) = (&mut self.0[place / 64], 1 << (place % 64));
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    fn has(&self, place: usize) -> bool {
        self.0[place / 64] & 1 << (place % 64) != 0
    }

    /// The places that are marked, in order.
    fn places(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(index, word)| {
            let without_lowest = |rest: &u64| Some(rest & (rest - 1)).filter(|rest| *rest != 0);
            let rests = std::iter::successors(Some(*word).filter(|word| *word != 0), without_lowest);
            rests.map(move |rest| index * 64 + rest.trailing_zeros() as usize)
        })
    }
}
