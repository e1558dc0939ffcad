//! What an operator can set about one account of a cloud. Only the provisioner calls it.

use base::{ConfigDuration, Secret};

/// Where a pod finds its service account.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

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

base::settings! {
    /// A project of Google Cloud. Without a file of credentials Drover is to Google who its instance is.
    ///
    /// It needs `compute.instances.create`, `.get`, `.list`, `.delete`, `.setLabels`, `.setMetadata` and `.setServiceAccount`,
    /// `compute.zoneOperations.get`, what the launch configs use (`compute.disks.create`, `compute.subnetworks.use`), and
    /// `iam.serviceAccounts.actAs` for the account of the instances.
    pub struct GoogleSettings {
        /// The id of the project in which instances are made.
        pub project: String = String::new(),
        /// The unique id of the service account of the instances, which is the subject of their tokens.
        pub worker_service_account_id: String = String::new(),
        /// The e-mail address of that account. Instances whose launch config names no account get it.
        pub worker_service_account_email: String = String::new(),
        /// A file with the key of Drover's own service account, in JSON as Google makes it. It is read again with each token, once an
        /// hour. Empty: the service account of the instance that Drover runs on.
        pub credentials_file: String = String::new(),
        /// The metadata server of the instance that Drover runs on.
        pub metadata_endpoint: String = "http://metadata.google.internal".to_owned(),
        /// The address of Compute Engine: another one for tests, or a private endpoint.
        pub endpoint: String = "https://compute.googleapis.com/compute/v1".to_owned(),
        /// Where Google publishes the keys that sign the tokens of instances.
        pub jwks_url: String = "https://www.googleapis.com/oauth2/v3/certs".to_owned(),
        /// How long one call may take.
        pub timeout: ConfigDuration = ConfigDuration::seconds(30),
    }
}

base::settings! {
    /// A resource group of Azure. Without `client_id` Drover is to Azure who its machine is.
    ///
    /// It needs the role `Contributor` of the resource group: deployments are written, virtual machines read and deleted. Templates of
    /// launch configs should give `deleteOption: Delete` to disks and network interfaces, which are not deleted otherwise.
    pub struct AzureSettings {
        /// The id of the subscription.
        pub subscription_id: String = String::new(),
        /// The resource group in which machines are made.
        pub resource_group: String = String::new(),
        /// The id of the tenant of `client_id`.
        pub tenant_id: String = String::new(),
        /// The id of an application. Empty: the identity of the machine that Drover runs on.
        pub client_id: String = String::new(),
        /// The secret of that application. It cannot be rotated without a restart; a file can.
        pub client_secret: Secret = Secret::default(),
        /// A file with the secret, which is read again with each token, once an hour.
        pub client_secret_file: String = String::new(),
        /// The metadata server of the machine that Drover runs on.
        pub metadata_endpoint: String = "http://169.254.169.254".to_owned(),
        /// The address of Azure Resource Manager: another one for tests, or another cloud of Azure's.
        pub endpoint: String = "https://management.azure.com".to_owned(),
        /// Where tokens are asked for.
        pub login_endpoint: String = "https://login.microsoftonline.com".to_owned(),
        /// Addresses of certificates, in DER or PEM, that stand between the roots in `identity_keys` and those which sign attested data.
        /// They count only where one of those roots issued them, whoever answers at these addresses.
        pub intermediate_urls: Vec<String> = Vec::new(),
        /// How long one call may take.
        pub timeout: ConfigDuration = ConfigDuration::seconds(30),
    }
}

base::settings! {
    /// The cluster in which workers are pods. Drover's own service account needs `create`, `get`, `list` and `delete` of `pods`
    /// in the namespace.
    pub struct KubernetesSettings {
        /// The address of the API server.
        pub api_url: String = "https://kubernetes.default.svc".to_owned(),
        /// The issuer of the tokens of service accounts, as the cluster has it.
        pub issuer: String = "https://kubernetes.default.svc.cluster.local".to_owned(),
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
