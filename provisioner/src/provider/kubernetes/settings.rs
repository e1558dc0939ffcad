//! Settings of one provider of type `kubernetes`.

use base::ConfigDuration;

/// Where a pod finds its service account.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

base::settings! {
    /// The cluster in which workers are pods. Drover's own service account needs `create`, `get`, `list` and `delete` of `pods`
    /// in the namespace.
    pub struct KubernetesSettings {
        /// The address of the API server.
        pub api_url: String = "https://kubernetes.default.svc".to_owned(),
        /// The namespace of the pods.
        pub namespace: String = "default".to_owned(),
        /// The service account of the pods, unless the launch config names one.
        pub service_account: String = "drover-worker".to_owned(),
        /// The file with Drover's own token. It is read for each call, since the cluster renews it.
        pub token_file: String = format!("{ACCOUNT}/token"),
        /// The file with the certificate of the cluster's authority. Empty: the system's authorities.
        pub ca_file: String = format!("{ACCOUNT}/ca.crt"),
        /// How long one call may take.
        pub timeout: ConfigDuration = ConfigDuration::seconds(30),
    }
}

impl KubernetesSettings {
    /// What is wrong with these settings, by field.
    pub(super) fn check(&self) -> Result<(), String> {
        let is_http = reqwest::Url::parse(&self.api_url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !is_http {
            return Err(format!("`api_url` is no URL: write it like https://10.0.0.1:6443, not `{}`", self.api_url));
        }
        let is_label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !(1..=63).contains(&self.namespace.len()) || !self.namespace.chars().all(is_label) {
            return Err(format!("`namespace` is no name of a namespace: `{}`", self.namespace));
        }
        Ok(())
    }
}
