use std::{borrow::Cow, collections::HashSet, rc::Rc};

use super::{Reach, RoleSet, Rule};
use crate::{
    limits::{MAX_EXPANDED_BYTES, MAX_EXPANDED_SCOPES},
    scope::{ScopeSet, set::compare},
};

impl RoleSet {
    /// These scopes and all that they come to through roles, in normal form. Neither memory nor time depends on how the
    /// roles lead to each other: too much of it is refused.
    pub fn expand<'a>(&'a self, scopes: impl IntoIterator<Item = &'a str>) -> Result<ScopeSet, TooManyScopes> {
        let mut expansion = Expansion::of(self);
        for scope in scopes {
            expansion.add(Cow::Borrowed(scope))?;
        }
        expansion.finish()
    }
}

/// Scopes that roles make too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "with what roles add, these are more than {MAX_EXPANDED_SCOPES} scopes or {MAX_EXPANDED_BYTES} bytes of them; look \
     for roles that fill `<..>` in scopes which lead to further roles"
)]
pub struct TooManyScopes;

/// Roles looked at for one expansion, at most: a scope can lead to many that were looked at before.
const MAX_VISITS: usize = 10_000_000;

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
    scopes: usize,
    bytes: usize,
    visits: usize,
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
            scopes: 0,
            bytes: 0,
            visits: 0,
        }
    }

    /// Takes note of a scope that will be held.
    fn count(&mut self, scope: &str) -> Result<(), TooManyScopes> {
        self.scopes += 1;
        self.bytes += scope.len();
        if self.scopes > MAX_EXPANDED_SCOPES || self.bytes > MAX_EXPANDED_BYTES { Err(TooManyScopes) } else { Ok(()) }
    }

    /// Takes note of roles that are looked at.
    fn visit(&mut self, roles: usize) -> Result<(), TooManyScopes> {
        self.visits += roles;
        if self.visits > MAX_VISITS { Err(TooManyScopes) } else { Ok(()) }
    }

    fn add(&mut self, scope: Cow<'a, str>) -> Result<(), TooManyScopes> {
        self.count(&scope)?;
        let reach = self.roles.reach(&scope);
        if !reach.is_empty() {
            let scope: Rc<str> = Rc::from(&*scope);
            if !self.leading.insert(Rc::clone(&scope)) {
                return Ok(());
            }
            self.ahead.push(Step::Found(scope, reach));
        }
        self.found.push(scope);
        Ok(())
    }

    fn finish(mut self) -> Result<ScopeSet, TooManyScopes> {
        let roles = self.roles;
        while let Some(step) = self.ahead.pop() {
            match step {
                Step::Text(place) => self.follow(&roles.texts[place].scope, &roles.texts[place].reach)?,
                Step::Found(scope, reach) => self.follow(&scope, &reach)?,
            }
        }
        self.found.sort_unstable_by(|a, b| compare(a, b));
        let texts = self.texts.places().map(|place| Cow::Borrowed(roles.texts[place].scope.as_str()));
        Ok(ScopeSet::merge(texts, self.found.into_iter()))
    }

    fn follow(&mut self, scope: &str, reach: &Reach) -> Result<(), TooManyScopes> {
        let roles = self.roles;
        self.visit(reach.plain.len() + reach.open.len())?;
        for place in reach.plain.clone() {
            if self.plain.set(place) {
                self.give(&roles.plain[place].always)?;
            }
        }
        for place in reach.open.clone() {
            if self.open.set(place) {
                self.give(&roles.starred[place].wide)?;
                self.give_always(place)?;
            }
        }
        for place in roles.upwards(reach.longest) {
            self.visit(1)?;
            self.give_always(place)?;
            if !self.open.has(place) {
                self.fill(&roles.starred[place], scope)?;
            }
        }
        Ok(())
    }

    fn give_always(&mut self, place: usize) -> Result<(), TooManyScopes> {
        if self.starred.set(place) { self.give(&self.roles.starred[place].always) } else { Ok(()) }
    }

    fn give(&mut self, texts: &[usize]) -> Result<(), TooManyScopes> {
        let roles = self.roles;
        for place in texts {
            if self.texts.set(*place) {
                self.count(&roles.texts[*place].scope)?;
                if !roles.texts[*place].reach.is_empty() {
                    self.ahead.push(Step::Text(*place));
                }
            }
        }
        Ok(())
    }

    /// What the star matched is the rest of the scope, together with the star at its own end.
    fn fill(&mut self, rule: &'a Rule, scope: &str) -> Result<(), TooManyScopes> {
        let matched = &scope[super::ASSUME.len() + rule.key.len()..];
        rule.templates.iter().try_for_each(|template| self.add(Cow::Owned(template.fill(matched))))
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
