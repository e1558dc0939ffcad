//! What is offered for one target. Pure, and not for an async thread: lists, schemas and templates are written by others.

use std::sync::Arc;

use protocol::{id::TaskId, scope::ScopeSet, time::Timestamp};
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;

use super::{OfferError, Result};
use crate::{
    actions_json::{Action, ActionList, ActionsError, Call, Target, scope_to_offer},
    hooks,
};

/// What is offered, not yet read.
pub struct Offer {
    pub(super) target: Target,
    pub(super) source: Source,
    /// Of the task that a hook of Drover would make.
    pub(super) new_task_id: TaskId,
    pub(super) _permit: OwnedSemaphorePermit,
}

/// What the decision task of the group has left.
pub(super) enum Source {
    None,
    /// And why.
    Unusable(String),
    List {
        text: Vec<u8>,
        /// What the decision task may do.
        held: Arc<ScopeSet>,
    },
}

/// The actions for a target.
#[derive(Debug)]
pub struct Offered {
    pub actions: Vec<OfferedAction>,
    /// Why the list of the decision task is not among them.
    pub problem: Option<String>,
}

#[derive(Debug)]
pub struct OfferedAction {
    pub name: String,
    pub title: String,
    pub description: String,
    /// Of its input; an action without one takes none.
    pub schema: Option<Value>,
    /// Group and id.
    pub hook: Option<(String, String)>,
    /// Whether it comes with Drover.
    pub is_built_in: bool,
    /// Why it cannot be run by anybody.
    pub problem: Option<String>,
}

/// The list of the decision task, with what that task may do.
type Own = Option<(ActionList, Arc<ScopeSet>)>;

impl Offer {
    /// Those of the decision task first. Of one name only the first is meant.
    pub fn list(self) -> Offered {
        let (own, problem) = match self.own() {
            Ok(own) => (own, None),
            Err(error) => (None, Some(error.to_string())),
        };
        let built_in = self.built_in();
        let mut actions: Vec<OfferedAction> = Vec::new();
        if let Some((list, held)) = &own {
            actions.extend(list.of(&self.target).into_iter().map(|action| self.described(action, Some(held.as_ref()))));
        }
        if let Ok(list) = &built_in {
            let more = list.of(&self.target).into_iter().filter(|one| !actions.iter().any(|it| it.name == one.name));
            let more: Vec<OfferedAction> = more.map(|action| self.described(action, None)).collect();
            actions.extend(more);
        }
        Offered { actions, problem }
    }

    /// What the hook of an action would be triggered with. Nothing is triggered.
    pub fn prepare(self, name: &str, input: &Value, now: Timestamp) -> Result<Call> {
        let (own, built_in) = (self.own(), self.built_in()?);
        if let Ok(Some((list, held))) = &own
            && let Ok(action) = list.find(name, &self.target)
        {
            self.check_offered(action.hook_name()?, held)?;
            return Ok(list.call(action, &self.target, input, now)?);
        }
        match (built_in.find(name, &self.target), own) {
            (Ok(action), _) => Ok(built_in.call(action, &self.target, input, now)?),
            // It may be in the list that cannot be read.
            (Err(_), Err(error)) => Err(error),
            (Err(ActionsError::NoSuchAction { name, of, known }), Ok(own)) => {
                let more = own.iter().flat_map(|(list, _)| list.of(&self.target)).map(|action| action.name.clone());
                let known = more.chain(known).collect();
                Err(ActionsError::NoSuchAction { name, of, known }.into())
            }
            (Err(error), Ok(_)) => Err(error.into()),
        }
    }

    fn own(&self) -> Result<Own> {
        match &self.source {
            Source::None => Ok(None),
            Source::Unusable(words) => Err(OfferError::Unusable(words.clone())),
            Source::List { text, held } => Ok(Some((ActionList::parse(text)?, held.clone()))),
        }
    }

    fn built_in(&self) -> Result<ActionList, ActionsError> {
        Ok(serde_json::from_value(hooks::actions_json(self.new_task_id))?)
    }

    /// `held`: of the decision task that offers it; none: Drover does.
    fn described(&self, action: &Action, held: Option<&ScopeSet>) -> OfferedAction {
        let Action { name, title, description, schema, .. } = action;
        let hook = action.hook_name();
        let problem = match (&hook, held) {
            (Err(error), _) => Some(error.to_string()),
            (Ok(hook), Some(held)) => self.check_offered(*hook, held).err().map(|error| error.to_string()),
            (Ok(_), None) => None,
        };
        OfferedAction {
            name: name.clone(),
            title: title.clone(),
            description: description.clone(),
            schema: schema.clone(),
            hook: hook.ok().map(|(group, id)| (group.to_owned(), id.to_owned())),
            is_built_in: held.is_none(),
            problem,
        }
    }

    fn check_offered(&self, hook: (&str, &str), held: &ScopeSet) -> Result<()> {
        let scope = scope_to_offer(hook);
        if held.satisfies(&scope) {
            return Ok(());
        }
        Err(OfferError::NotAllowed { decision_task: TaskId(self.target.task_group_id.0), scope })
    }
}
