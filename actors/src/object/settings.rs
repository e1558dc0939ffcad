//! Settings of the object store.

use base::Secret;

base::settings! {
    /// Where the content of artifacts and objects lies.
    pub struct ObjectSettings {
        /// A bucket instead of the folder `objects` in the data folder.
        pub s3: S3Settings,
    }
}

base::settings! {
    /// A bucket of Amazon S3, or of anything that speaks its language. All content passes through Drover, which checks its
    /// hashes on the way in and out. What was written before this was set stays readable in its folder, as long as that is there.
    pub struct S3Settings {
        /// The bucket, which has to exist already. Empty: content lies in the data folder.
        pub bucket: String = String::new(),
        /// Where the store is, like `https://minio.example.com:9000`. Empty: Amazon's address of the region.
        pub endpoint: String = String::new(),
        /// The region, as the store calls it; many stores take any.
        pub region: String = "us-east-1".to_owned(),
        /// Who Drover is to the store: it needs to get, put and delete objects, and to abort uploads in parts.
        pub access_key_id: Secret = Secret::default(),
        /// The secret of that key.
        pub secret_access_key: Secret = Secret::default(),
        /// Whether the bucket stands in the path of a URL (`true`, right for most stores) or in front of its host.
        pub path_style: bool = true,
        /// What the names in the bucket begin with, like `drover/`. Do not change it while content is there.
        pub prefix: String = String::new(),
    }
}
