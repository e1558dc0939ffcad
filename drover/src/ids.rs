//! Ids as users have them: alone, in the address of a page, or by their first letters.

use std::{fmt::Display, str::FromStr};

use protocol::id::{IdPrefix, TaskGroupId, TaskId};

use crate::{
    client::Server,
    exit::{CliError, Exit},
};

/// Path segments before an id in the addresses of pages and of the API.
const TASK: [&str; 2] = ["task", "tasks"];
const GROUP: [&str; 3] = ["group", "groups", "task-group"];

/// Candidates that an error names.
const LISTED: usize = 5;

/// An id, or the letters that it begins with.
#[derive(Debug, Clone)]
pub(crate) enum Given<T> {
    Id(T),
    Prefix(IdPrefix),
}

/// For clap: a task id, an address with one in it, or its first letters.
pub(crate) fn task_id(text: &str) -> Result<Given<TaskId>, String> {
    given(text, &TASK).ok_or_else(|| wrong("task", text))
}

/// For clap: the id of a task group, an address with one in it, or its first letters.
pub(crate) fn group_id(text: &str) -> Result<Given<TaskGroupId>, String> {
    given(text, &GROUP).ok_or_else(|| wrong("task group", text))
}

impl Given<TaskId> {
    /// The task; the server is asked only about a prefix.
    pub(crate) async fn task(self, server: &Server) -> Result<TaskId, CliError> {
        match self {
            Self::Id(id) => Ok(id),
            Self::Prefix(prefix) => only("task", &prefix, &server.find_ids(&prefix).await?.task_ids),
        }
    }
}

impl Given<TaskGroupId> {
    /// The group; the server is asked only about a prefix.
    pub(crate) async fn group(self, server: &Server) -> Result<TaskGroupId, CliError> {
        match self {
            Self::Id(id) => Ok(id),
            Self::Prefix(prefix) => only("task group", &prefix, &server.find_ids(&prefix).await?.task_group_ids),
        }
    }
}

/// The one id among the found ones.
fn only<T: Copy + Display>(kind: &str, prefix: &IdPrefix, found: &[T]) -> Result<T, CliError> {
    match *found {
        [id] => Ok(id),
        [] => Err(CliError::new(Exit::Refused, format!("no {kind} has an id that begins with `{prefix}`"))),
        _ => {
            let more = if found.len() > LISTED { ", and more" } else { "" };
            let listed: Vec<String> = found.iter().take(LISTED).map(T::to_string).collect();
            let message = format!("`{prefix}` is ambiguous; {kind}s that begin so: {}{more}", listed.join(", "));
            Err(CliError::new(Exit::Usage, message))
        }
    }
}

/// A whole id wins over a prefix, which is a text of its own and never part of an address.
fn given<T: FromStr>(text: &str, segments: &[&str]) -> Option<Given<T>> {
    let prefix = || text.trim().parse().ok().map(Given::Prefix);
    find_id(text, segments).map(Given::Id).or_else(prefix)
}

fn wrong(kind: &str, text: &str) -> String {
    format!(
        "`{text}` is neither a {kind} id nor an address with one: an id has 22 letters, digits, `-` and `_`, of which the first 6 or more do if no other begins so"
    )
}

/// The id after one of the segments, since an address may hold ids of both kinds; else the first id.
fn find_id<T: FromStr>(text: &str, segments: &[&str]) -> Option<T> {
    let parts: Vec<&str> = text.trim().split(['/', '?', '#', '&', '=']).collect();
    let named = parts.windows(2).filter(|pair| segments.contains(&pair[0])).find_map(|pair| pair[1].parse().ok());
    named.or_else(|| parts.iter().find_map(|part| part.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK_ID: &str = "fN1SbArXTPSVFNUvaOlinQ";
    const GROUP_ID: &str = "HWnjQeg4TBivA1GNBkvz5A";

    fn whole<T: Display>(parsed: Result<Given<T>, String>) -> Option<String> {
        match parsed {
            Ok(Given::Id(id)) => Some(id.to_string()),
            _ => None,
        }
    }

    #[test]
    fn first_letters_are_a_prefix_and_never_those_of_an_address() {
        assert!(matches!(task_id(&TASK_ID[..6]), Ok(Given::Prefix(prefix)) if prefix.to_string() == TASK_ID[..6]));
        assert!(matches!(group_id(&GROUP_ID[..21]), Ok(Given::Prefix(_))));
        assert!(task_id(&format!("https://ci.example.com/tasks/{}", &TASK_ID[..8])).is_err());
    }

    #[test]
    fn an_ambiguous_prefix_names_five_candidates_and_an_unknown_one_says_so() {
        let prefix: IdPrefix = TASK_ID[..6].parse().unwrap();
        let error = only::<u8>("task", &prefix, &[]).unwrap_err();
        assert!(error.to_string().contains("no task has an id that begins with `fN1SbA`"), "{error}");
        let error = only("task", &prefix, &[1, 2, 3, 4, 5, 6]).unwrap_err();
        assert!(error.to_string().ends_with("1, 2, 3, 4, 5, and more"), "{error}");
        assert_eq!(only("task", &prefix, &[1]).unwrap(), 1);
    }

    #[test]
    fn an_id_is_found_alone_and_in_addresses() {
        let root = "https://ci.example.com";
        let places = [
            TASK_ID.to_owned(),
            format!(" {TASK_ID}\n"),
            format!("{root}/tasks/{TASK_ID}/runs/0/logs/live/public/logs/live.log"),
            format!("{root}/tasks/groups/{GROUP_ID}/tasks/{TASK_ID}"),
            format!("{root}/api/queue/v1/task/{TASK_ID}/status"),
            format!("{root}/tasks/{TASK_ID}#L7"),
        ];
        for place in &places {
            assert_eq!(whole(task_id(place)).as_deref(), Some(TASK_ID), "{place}");
        }
        for place in [format!("{root}/tasks/groups/{GROUP_ID}/tasks/{TASK_ID}"), format!("/task-group/{GROUP_ID}/list")]
        {
            assert_eq!(whole(group_id(&place)).as_deref(), Some(GROUP_ID), "{place}");
        }
    }

    #[test]
    fn other_text_is_refused_with_the_form_of_an_id() {
        for text in ["", "short", "not an id", "https://ci.example.com/tasks", "fN1SbArXTPSVFNUvaOlinQQ"] {
            assert!(task_id(text).unwrap_err().contains("22 letters"), "{text}");
        }
    }
}
