//! Answers of EC2, as the proxy makes and changes them.

use regex::Regex;

use super::rules::Rules;

pub(super) fn error(code: &str, message: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message>\
         </Error></Errors><RequestID>00000000-0000-0000-0000-000000000000</RequestID></Response>"
    )
}

/// The ids of the machines in an answer.
pub(super) fn machines(answer: &str) -> Vec<String> {
    let id = Regex::new("<instanceId>(i-[0-9a-f]+)</instanceId>").unwrap();
    id.captures_iter(answer).map(|found| found[1].to_owned()).collect()
}

/// The page that begins at `token` of a list of all reservations, as the rules let it be seen.
pub(super) fn page(answer: &str, token: Option<&str>, rules: &Rules) -> String {
    let Some((head, items, tail)) = reservations(answer) else { return answer.to_owned() };
    let is_listed = |item: &&str| machines(item).iter().all(|machine| rules.is_listed(machine));
    let items: Vec<String> = items.into_iter().filter(is_listed).map(|item| booting(item, rules)).collect();
    let first: usize = token.and_then(|token| token.strip_prefix("page-")?.parse().ok()).unwrap_or(0).min(items.len());
    let last = rules.page_size.map_or(items.len(), |size| (first + size).min(items.len()));
    let next = if last < items.len() { format!("<nextToken>page-{last}</nextToken>") } else { String::new() };
    let tail = tail.replacen("</reservationSet>", &format!("</reservationSet>{next}"), 1);
    format!("{head}{}{tail}", items[first..last].concat())
}

/// What stands before the reservations, each of them, and what stands behind.
fn reservations(answer: &str) -> Option<(&str, Vec<&str>, &str)> {
    let begin = answer.find("<reservationSet>")? + "<reservationSet>".len();
    let end = answer.rfind("</reservationSet>")?;
    let (list, mut items, mut depth, mut start) = (&answer[begin..end], Vec::new(), 0, 0);
    for (at, _) in list.match_indices('<') {
        if list[at..].starts_with("<item>") {
            if depth == 0 {
                start = at;
            }
            depth += 1;
        } else if list[at..].starts_with("</item>") {
            depth -= 1;
            if depth == 0 {
                items.push(&list[start..at + "</item>".len()]);
            }
        }
    }
    Some((&answer[..begin], items, &answer[end..]))
}

fn booting(item: &str, rules: &Rules) -> String {
    let running = "<instanceState><code>16</code><name>running</name></instanceState>";
    let mut text = item.to_owned();
    for machine in machines(item).iter().filter(|machine| rules.is_booting(machine)) {
        let Some(at) = text.find(&format!("<instanceId>{machine}</instanceId>")) else { continue };
        let changed =
            text[at..].replacen(running, "<instanceState><code>0</code><name>pending</name></instanceState>", 1);
        text = format!("{}{changed}", &text[..at]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_whole_reservations_and_together_all_of_them() {
        let reservation = |number: u32| {
            format!("<item><instancesSet><item><instanceId>i-{number}</instanceId></item></instancesSet></item>")
        };
        let all: String = (1..=5).map(reservation).collect();
        let answer = format!("<A><reservationSet>{all}</reservationSet></A>");
        let rules = Rules::of_pages(2);
        let first = page(&answer, None, &rules);
        assert!(first.ends_with("</reservationSet><nextToken>page-2</nextToken></A>"), "{first}");
        assert_eq!(machines(&first), ["i-1", "i-2"]);
        assert_eq!(machines(&page(&answer, Some("page-2"), &rules)), ["i-3", "i-4"]);
        let last = page(&answer, Some("page-4"), &rules);
        assert_eq!(machines(&last), ["i-5"]);
        assert!(!last.contains("nextToken"));
    }
}
