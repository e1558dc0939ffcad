//! From roles as they are stored to roles that can be expanded.

use std::collections::HashMap;

use super::{HOLE, Role, RoleCycle, RoleSet, Rule, Template, Text, reach};
use crate::scope::set::compare;

impl RoleSet {
    /// Makes the roles ready. They must not lead back to themselves, whatever `<..>` stands for.
    pub fn compile(roles: &[Role]) -> Result<Self, RoleCycle> {
        let parts: Vec<Parts> = roles.iter().map(Parts::of).collect();
        let texts = in_order(parts.iter().flat_map(Parts::texts));
        let places = texts.iter().enumerate().map(|(place, text)| (*text, place)).collect();

        let (mut starred, mut plain): (Vec<_>, Vec<_>) = parts.iter().partition(|part| part.is_starred);
        let mut set =
            Self { plain: rules(&mut plain, &places), starred: rules(&mut starred, &places), texts: Vec::new() };
        reach::link_above(&mut set.starred);
        let with_reach = |text: &&str| Text { scope: (*text).to_owned(), reach: set.reach(text) };
        set.texts = texts.iter().map(with_reach).collect();
        set.find_cycle().map_or(Ok(set), Err)
    }
}

/// A role, taken apart.
struct Parts<'a> {
    key: &'a str,
    is_starred: bool,
    always: Vec<&'a str>,
    templates: Vec<(&'a str, &'a str)>,
    wide: Vec<String>,
}

impl<'a> Parts<'a> {
    fn of(role: &'a Role) -> Self {
        let key = role.role_id.strip_suffix('*');
        let mut parts = Self {
            key: key.unwrap_or(&role.role_id),
            is_starred: key.is_some(),
            always: Vec::new(),
            templates: Vec::new(),
            wide: Vec::new(),
        };
        for scope in &role.scopes {
            match scope.split_once(HOLE).filter(|_| parts.is_starred) {
                None => parts.always.push(scope),
                Some((before, after)) => {
                    parts.templates.push((before, after));
                    parts.wide.push(format!("{before}*"));
                }
            }
        }
        parts
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.always.iter().copied().chain(self.wide.iter().map(String::as_str))
    }

    fn rule(&self, places: &HashMap<&str, usize>) -> Rule {
        let place = |text: &str| places.get(text).copied();
        let template = |(before, after): &(&str, &str)| Template { before: (*before).into(), after: (*after).into() };
        Rule {
            key: self.key.to_owned(),
            always: self.always.iter().copied().filter_map(place).collect(),
            wide: self.wide.iter().map(String::as_str).filter_map(place).collect(),
            templates: self.templates.iter().map(template).collect(),
            above: None,
        }
    }
}

fn in_order<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut texts: Vec<&str> = texts.collect();
    texts.sort_unstable_by(|a, b| compare(a, b));
    texts.dedup();
    texts
}

fn rules(parts: &mut [&Parts], places: &HashMap<&str, usize>) -> Vec<Rule> {
    parts.sort_by_key(|part| part.key);
    parts.iter().map(|part| part.rule(places)).collect()
}
