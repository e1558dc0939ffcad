//! Settings of one provider of type `azure`: what is made of them.

use actors::worker_manager::AzureSettings;

/// What is wrong with these settings, by field; found before anything is called.
pub(super) fn check(settings: &AzureSettings) -> Result<(), String> {
    let names = [("subscription_id", &settings.subscription_id), ("resource_group", &settings.resource_group)];
    if let Some((field, name)) = names.iter().find(|(_, name)| name.is_empty() || name.contains('/')) {
        return Err(format!("`{field}` is needed, and has no slash: `{name}`"));
    }
    let has_secret = !settings.client_secret.is_empty() || !settings.client_secret_file.is_empty();
    if settings.client_id.is_empty() != settings.tenant_id.is_empty() || (has_secret && settings.client_id.is_empty()) {
        return Err("`tenant_id`, `client_id` and its secret are needed together".to_owned());
    }
    if !settings.client_id.is_empty() && !has_secret {
        return Err("`client_secret` or `client_secret_file` is needed with `client_id`".to_owned());
    }
    let urls = [
        ("endpoint", &settings.endpoint),
        ("login_endpoint", &settings.login_endpoint),
        ("metadata_endpoint", &settings.metadata_endpoint),
    ];
    let intermediates = settings.intermediate_urls.iter().map(|url| ("intermediate_urls", url));
    for (field, url) in urls.into_iter().chain(intermediates) {
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
        let good = AzureSettings {
            subscription_id: "s".to_owned(),
            resource_group: "g".to_owned(),
            ..AzureSettings::default()
        };
        check(&good).unwrap();
        let refused = |change: fn(&mut AzureSettings)| {
            let mut settings = good.clone();
            change(&mut settings);
            check(&settings).unwrap_err()
        };
        assert!(refused(|it| it.resource_group.clear()).contains("`resource_group`"));
        assert!(refused(|it| it.client_id = "id".to_owned()).contains("`tenant_id`"));
        assert!(
            refused(|it| (it.client_id, it.tenant_id) = ("i".to_owned(), "t".to_owned())).contains("`client_secret`")
        );
        assert!(refused(|it| it.endpoint = "localhost".to_owned()).contains("`endpoint`"));
        assert!(refused(|it| it.intermediate_urls = vec!["x".to_owned()]).contains("`intermediate_urls`"));
    }
}
