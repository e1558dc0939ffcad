//! Settings of one provider of type `google`: what is made of them.

use actors::worker_manager::GoogleSettings;

/// What is wrong with these settings, by field; found before anything is called.
pub(super) fn check(settings: &GoogleSettings) -> Result<(), String> {
    let is_project = |c: char| c.is_ascii_alphanumeric() || "-.:".contains(c);
    if settings.project.is_empty() || !settings.project.chars().all(is_project) {
        return Err(format!(
            "`project` is no id of a project: write it like `my-project-1`, not `{}`",
            settings.project
        ));
    }
    let urls = [
        ("endpoint", &settings.endpoint),
        ("metadata_endpoint", &settings.metadata_endpoint),
        ("jwks_url", &settings.jwks_url),
    ];
    for (field, url) in urls {
        if !reqwest::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
            return Err(format!("`{field}` is no URL: `{url}`"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_work_are_refused_by_name() {
        assert!(check(&GoogleSettings::default()).unwrap_err().contains("`project`"));
        let settings = GoogleSettings { project: "p-1".to_owned(), ..GoogleSettings::default() };
        check(&settings).unwrap();
        let wrong = GoogleSettings { endpoint: "localhost".to_owned(), ..settings };
        assert!(check(&wrong).unwrap_err().contains("`endpoint`"));
    }
}
