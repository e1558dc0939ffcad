use actors::worker_manager::KubernetesSettings;

/// What is wrong with these settings, by field.
pub(super) fn check(settings: &KubernetesSettings) -> Result<(), String> {
    let is_http = reqwest::Url::parse(&settings.api_url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !is_http {
        return Err(format!("`api_url` is no URL: write it like https://10.0.0.1:6443, not `{}`", settings.api_url));
    }
    let is_label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(1..=63).contains(&settings.namespace.len()) || !settings.namespace.chars().all(is_label) {
        return Err(format!("`namespace` is no name of a namespace: `{}`", settings.namespace));
    }
    Ok(())
}
