//! Roles that lead back to themselves.

use super::{ASSUME, RoleSet};

/// The names of the roles on the way, the first of them once more at the end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Roles may not contain dependency cycles, found: {}", path(.0))]
pub struct RoleCycle(pub Vec<String>);

fn path(role_ids: &[String]) -> String {
    let quoted: Vec<String> = role_ids.iter().map(|role_id| format!("'{ASSUME}{role_id}'")).collect();
    quoted.join(" -> ")
}

/// What leads to what: a role to its texts, a text to the roles that it reaches.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Node {
    Plain(usize),
    Starred(usize),
    Text(usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Not,
    /// On the way from the first role to here.
    OnTheWay,
    /// Everything it leads to has been seen.
    Whole,
}

/// How far the search is.
struct Search<'r> {
    roles: &'r RoleSet,
    seen: [Vec<Seen>; 3],
    /// The way to here, and at each step what else it leads to.
    way: Vec<(Node, Vec<Node>)>,
}

impl RoleSet {
    /// A cycle, if there is one. Every `<..>` is taken to stand for any ending, which is the worst it can do.
    pub(super) fn find_cycle(&self) -> Option<RoleCycle> {
        let seen = [self.plain.len(), self.starred.len(), self.texts.len()].map(|count| vec![Seen::Not; count]);
        let mut search = Search { roles: self, seen, way: Vec::new() };
        let plain = (0..self.plain.len()).map(Node::Plain);
        let starred = (0..self.starred.len()).map(Node::Starred);
        plain.chain(starred).find_map(|role| search.from(role))
    }

    fn next(&self, node: Node) -> Vec<Node> {
        match node {
            Node::Plain(place) => self.plain[place].always.iter().map(|text| Node::Text(*text)).collect(),
            Node::Starred(place) => {
                let rule = &self.starred[place];
                rule.always.iter().chain(&rule.wide).map(|text| Node::Text(*text)).collect()
            }
            Node::Text(place) => {
                let reach = &self.texts[place].reach;
                let starred = reach.open.clone().chain(self.upwards(reach.longest));
                reach.plain.clone().map(Node::Plain).chain(starred.map(Node::Starred)).collect()
            }
        }
    }
}

impl Search<'_> {
    /// Follows everything that a role leads to. A loop and no recursion: a way can be as long as there are roles.
    fn from(&mut self, role: Node) -> Option<RoleCycle> {
        let mut found = self.enter(role);
        while found.is_none()
            && let Some((node, ahead)) = self.way.last_mut()
        {
            let node = *node;
            if let Some(next) = ahead.pop() {
                found = self.enter(next);
            } else {
                *self.seen(node) = Seen::Whole;
                self.way.pop();
            }
        }
        found
    }

    fn enter(&mut self, node: Node) -> Option<RoleCycle> {
        match *self.seen(node) {
            Seen::Whole => None,
            Seen::OnTheWay => Some(self.cycle_at(node)),
            Seen::Not => {
                *self.seen(node) = Seen::OnTheWay;
                self.way.push((node, self.roles.next(node)));
                None
            }
        }
    }

    fn seen(&mut self, node: Node) -> &mut Seen {
        match node {
            Node::Plain(place) => &mut self.seen[0][place],
            Node::Starred(place) => &mut self.seen[1][place],
            Node::Text(place) => &mut self.seen[2][place],
        }
    }

    /// The way from this node, which has come up again, to the end.
    fn cycle_at(&self, node: Node) -> RoleCycle {
        let nodes = self.way.iter().map(|(node, _)| *node).skip_while(|step| *step != node);
        let mut names: Vec<String> = nodes.filter_map(|step| self.name(step)).collect();
        names.extend(names.first().cloned());
        RoleCycle(names)
    }

    fn name(&self, node: Node) -> Option<String> {
        match node {
            Node::Plain(place) => Some(self.roles.plain[place].key.clone()),
            Node::Starred(place) => Some(format!("{}*", self.roles.starred[place].key)),
            Node::Text(_) => None,
        }
    }
}
