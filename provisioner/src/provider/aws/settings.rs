//! Settings of one provider of type `aws`: what is made of them.

use actors::worker_manager::AwsSettings;

use super::error::config_error;
use crate::provider::ProviderResult;

/// Where the service of a region is. A region is part of a host name, so nothing else may be in it.
pub(super) fn endpoint_of(settings: &AwsSettings, service: &str, region: &str) -> ProviderResult<String> {
    let is_region = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if region.is_empty() || region.len() > 40 || !region.chars().all(is_region) {
        let message =
            format!("`region` of the launch config is no AWS region: write it like `us-west-2`, not `{region}`");
        return Err(config_error("InvalidRegion", message));
    }
    if !settings.endpoint.is_empty() {
        return Ok(format!("{}/", settings.endpoint.trim_end_matches('/')));
    }
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    Ok(format!("https://{service}.{region}.{domain}/"))
}

pub(super) fn sts_endpoint(settings: &AwsSettings) -> String {
    endpoint_of(settings, "sts", &settings.sts_region).unwrap_or_default()
}

/// What is wrong with these settings, by field; found before anything is called.
pub(super) fn check(settings: &AwsSettings) -> Result<(), String> {
    if settings.access_key_id.is_empty() != settings.secret_access_key.is_empty() {
        return Err("`access_key_id` and `secret_access_key` are needed together".to_owned());
    }
    if settings.role_arn.is_empty() && !settings.web_identity_token_file.is_empty() {
        return Err("`web_identity_token_file` is of no use without `role_arn`".to_owned());
    }
    endpoint_of(settings, "sts", &settings.sts_region).map_err(|_| "`sts_region` is no AWS region".to_owned())?;
    let urls = [
        ("endpoint", &settings.endpoint),
        ("notice_queue_url", &settings.notice_queue_url),
        ("metadata_endpoint", &settings.metadata_endpoint),
    ];
    for (field, url) in urls {
        let is_http = reqwest::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !is_http && !url.is_empty() {
            return Err(format!(
                "`{field}` is no URL: write it like https://sqs.us-west-2.amazonaws.com/…, not `{url}`"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_never_leads_to_another_host() {
        let settings = AwsSettings::default();
        assert_eq!(endpoint_of(&settings, "ec2", "us-west-2").unwrap(), "https://ec2.us-west-2.amazonaws.com/");
        assert_eq!(endpoint_of(&settings, "ec2", "cn-north-1").unwrap(), "https://ec2.cn-north-1.amazonaws.com.cn/");
        for region in ["", "evil.example/", "us-west-2.evil", "a@b", "US", "us west", "é"] {
            let error = endpoint_of(&settings, "ec2", region).unwrap_err().to_string();
            assert!(error.contains("`region`"), "{region}: {error}");
        }
    }

    #[test]
    fn settings_that_cannot_work_are_refused_by_name() {
        let refused = |change: fn(&mut AwsSettings)| {
            let mut settings = AwsSettings::default();
            change(&mut settings);
            check(&settings).unwrap_err()
        };
        assert!(refused(|it| it.access_key_id = "id".into()).contains("secret_access_key"));
        assert!(refused(|it| it.endpoint = "localhost:5000".to_owned()).contains("`endpoint`"));
        assert!(refused(|it| it.sts_region = "Ω".to_owned()).contains("sts_region"));
        assert!(refused(|it| it.web_identity_token_file = "/token".to_owned()).contains("role_arn"));
        check(&AwsSettings::default()).unwrap();
    }
}
