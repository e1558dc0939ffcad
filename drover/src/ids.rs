//! Ids as users have them: alone, or in the address of a page.

use std::str::FromStr;

use protocol::id::{TaskGroupId, TaskId};

/// Path segments before an id in the addresses of pages and of the API.
const TASK: [&str; 2] = ["task", "tasks"];
const GROUP: [&str; 3] = ["group", "groups", "task-group"];

/// For clap: a task id, or an address with one in it.
pub(crate) fn task_id(text: &str) -> Result<TaskId, String> {
    find_id(text, &TASK).ok_or_else(|| wrong("task", text))
}

/// For clap: the id of a task group, or an address with one in it.
pub(crate) fn group_id(text: &str) -> Result<TaskGroupId, String> {
    find_id(text, &GROUP).ok_or_else(|| wrong("task group", text))
}

fn wrong(kind: &str, text: &str) -> String {
    format!("`{text}` is neither a {kind} id nor an address with one: an id has 22 letters, digits, `-` and `_`")
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
            assert_eq!(task_id(place).map(|id| id.to_string()).as_deref(), Ok(TASK_ID), "{place}");
        }
        for place in [format!("{root}/tasks/groups/{GROUP_ID}/tasks/{TASK_ID}"), format!("/task-group/{GROUP_ID}/list")]
        {
            assert_eq!(group_id(&place).map(|id| id.to_string()).as_deref(), Ok(GROUP_ID), "{place}");
        }
    }

    #[test]
    fn other_text_is_refused_with_the_form_of_an_id() {
        for text in ["", "nonsense", "https://ci.example.com/tasks", "fN1SbArXTPSVFNUvaOlin"] {
            assert!(task_id(text).unwrap_err().contains("22 letters"), "{text}");
        }
    }
}
