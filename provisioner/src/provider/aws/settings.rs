//! Settings of one provider of type `aws`.

use base::{ConfigDuration, Secret};

use super::error::config_error;
use crate::provider::ProviderResult;

base::settings! {
    /// An account of AWS. Without keys, a file or a role, Drover is to AWS who its instance (or its pod, on EKS) is.
    ///
    /// It needs `ec2:RunInstances`, `ec2:TerminateInstances`, `ec2:CreateTags`, `ec2:DescribeInstances` and
    /// `ec2:DescribeSpotPriceHistory`; `iam:PassRole` where launch configs name an instance profile; `sqs:ReceiveMessage` and
    /// `sqs:DeleteMessage` for `notice_queue_url`.
    pub struct AwsSettings {
        /// An access key. It cannot be rotated without a restart; a file or a role can.
        pub access_key_id: Secret = Secret::default(),
        /// The secret of that key.
        pub secret_access_key: Secret = Secret::default(),
        /// A file with `aws_access_key_id`, `aws_secret_access_key` and maybe `aws_session_token`, in the format of
        /// `~/.aws/credentials`; its section `[default]` counts. It is read again every minute.
        pub credentials_file: String = String::new(),
        /// A role to assume with the token in `web_identity_token_file`. Empty: what EKS puts into the pod, if anything.
        pub role_arn: String = String::new(),
        /// The file with the token for `role_arn`. Empty: what EKS puts into the pod.
        pub web_identity_token_file: String = String::new(),
        /// The region whose STS is asked for the role's credentials.
        pub sts_region: String = "us-east-1".to_owned(),
        /// The metadata server of the instance that Drover runs on, for the credentials of its role.
        pub metadata_endpoint: String = "http://169.254.169.254".to_owned(),
        /// An address instead of Amazon's, for all its services and regions: for tests, or a private endpoint.
        pub endpoint: String = String::new(),
        /// A queue that `EventBridge` rules of all regions send EC2's notices to: `EC2 Instance State-change Notification`,
        /// `EC2 Spot Instance Interruption Warning`, `EC2 Instance Rebalance Recommendation`. Empty: machines are only found
        /// gone when they are listed.
        pub notice_queue_url: String = String::new(),
        /// How long one call may take.
        pub timeout: ConfigDuration = ConfigDuration::seconds(60),
    }
}

impl AwsSettings {
    /// Where the service of a region is. A region is part of a host name, so nothing else may be in it.
    pub(super) fn endpoint_of(&self, service: &str, region: &str) -> ProviderResult<String> {
        let is_region = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if region.is_empty() || region.len() > 40 || !region.chars().all(is_region) {
            let message =
                format!("`region` of the launch config is no AWS region: write it like `us-west-2`, not `{region}`");
            return Err(config_error("InvalidRegion", message));
        }
        if !self.endpoint.is_empty() {
            return Ok(format!("{}/", self.endpoint.trim_end_matches('/')));
        }
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        Ok(format!("https://{service}.{region}.{domain}/"))
    }

    pub(super) fn sts_endpoint(&self) -> String {
        self.endpoint_of("sts", &self.sts_region).unwrap_or_default()
    }

    /// What is wrong with these settings, by field; found before anything is called.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.access_key_id.is_empty() != self.secret_access_key.is_empty() {
            return Err("`access_key_id` and `secret_access_key` are needed together".to_owned());
        }
        if self.role_arn.is_empty() && !self.web_identity_token_file.is_empty() {
            return Err("`web_identity_token_file` is of no use without `role_arn`".to_owned());
        }
        self.endpoint_of("sts", &self.sts_region).map_err(|_| "`sts_region` is no AWS region".to_owned())?;
        let urls = [
            ("endpoint", &self.endpoint),
            ("notice_queue_url", &self.notice_queue_url),
            ("metadata_endpoint", &self.metadata_endpoint),
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_never_leads_to_another_host() {
        let settings = AwsSettings::default();
        assert_eq!(settings.endpoint_of("ec2", "us-west-2").unwrap(), "https://ec2.us-west-2.amazonaws.com/");
        assert_eq!(settings.endpoint_of("ec2", "cn-north-1").unwrap(), "https://ec2.cn-north-1.amazonaws.com.cn/");
        for region in ["", "evil.example/", "us-west-2.evil", "a@b", "US", "us west", "é"] {
            let error = settings.endpoint_of("ec2", region).unwrap_err().to_string();
            assert!(error.contains("`region`"), "{region}: {error}");
        }
    }

    #[test]
    fn settings_that_cannot_work_are_refused_by_name() {
        let refused = |change: fn(&mut AwsSettings)| {
            let mut settings = AwsSettings::default();
            change(&mut settings);
            settings.check().unwrap_err()
        };
        assert!(refused(|it| it.access_key_id = "id".into()).contains("secret_access_key"));
        assert!(refused(|it| it.endpoint = "localhost:5000".to_owned()).contains("`endpoint`"));
        assert!(refused(|it| it.sts_region = "Ω".to_owned()).contains("sts_region"));
        assert!(refused(|it| it.web_identity_token_file = "/token".to_owned()).contains("role_arn"));
        AwsSettings::default().check().unwrap();
    }
}
