use base::{ConfigDuration, Secret};
use serde::{Deserialize, Serialize};

use crate::http::{BodyLimits, CpuPool, Limiter, LimiterSizes, MinBodyRate, RequestLimiters};

base::settings! {
    /// The HTTP server.
    pub struct ApiSettings {
        /// The URL under which clients reach this deployment, without a slash at the end; it is part of references and
        /// redirects. Empty: the listening address.
        pub root_url: String = String::new(),
        /// Requests in progress at the same time; further ones get a 503 with `retry-after`. Workers that wait for a
        /// task do not count.
        pub max_requests: usize = 2048,
        /// Workers that may wait for a task at the same time.
        pub max_waiting_workers: usize = 20_000,
        /// Connections that may follow live events at the same time.
        pub max_live_connections: usize = 1000,
        /// How long a request may take, from its last header to its response.
        pub request_timeout: ConfigDuration = ConfigDuration::seconds(30),
        /// How long an upload of one file may take.
        pub upload_timeout: ConfigDuration = ConfigDuration::hours(2),
        /// How long open requests may continue once the process is stopped.
        pub drain_timeout: ConfigDuration = ConfigDuration::seconds(8),
        /// Longest JSON body, in bytes.
        pub max_body: usize = 10 * 1024 * 1024,
        /// Longest body of a whole graph, in bytes.
        pub max_graph: usize = 64 * 1024 * 1024,
        /// Proxies and load balancers in front of the server, as addresses or networks like `10.0.0.0/8`: for a request
        /// from one of them, the client's address is taken from `X-Forwarded-For`, and their connections are not
        /// counted. Behind a proxy that is not listed here, all callers who do not sign their requests share the limits
        /// of one address.
        pub trusted_proxies: Vec<String> = Vec::new(),
        /// The secret shared with websocktunnel, to sign the tokens of its clients. Empty: there are no such tokens.
        pub websocktunnel_secret: Secret = Secret::default(),
        /// Origins besides the root URL's from which the page may read artifacts, such as that of a bucket, or of workers
        /// that serve live logs: `https://bucket.example.com`, `http://*.workers.example.com:*`. They are part of its content
        /// security policy.
        pub page_origins: Vec<String> = Vec::new(),
        /// What one caller may take.
        pub limits: CallerLimits,
    }
}

base::settings! {
    /// What one caller may take, and what is reserved for others. An address is an IPv4 address or a /64 network of IPv6.
    pub struct CallerLimits {
        /// One in so many of `api.max_requests` and `api.max_live_connections` is reserved for signed requests, and half
        /// as much besides for workers that claim, reclaim and resolve runs. 0: nothing is reserved.
        pub reserved_one_in: usize = 4,
        /// Unsigned requests of one address in progress at the same time.
        pub requests_per_address: usize = 512,
        /// Requests of one client in progress at the same time. Requests of workers about their runs do not count.
        pub requests_per_client: usize = 1024,
        /// Connections of one address in which no request has been signed yet.
        pub connections_per_address: usize = 4096,
        /// Unsigned connections of one address that follow live events.
        pub live_connections_per_address: usize = 100,
        /// Connections of one client that follow live events.
        pub live_connections_per_client: usize = 500,
        /// Bodies of unsigned requests of one address that have not arrived yet.
        pub bodies_per_address: usize = 256,
        /// Longest JSON body of an unsigned request, in bytes.
        pub max_unsigned_body: usize = 1024 * 1024,
        /// Memory for bodies and responses of more than 64 KiB, in MiB. One client may have half of it, one address an
        /// eighth.
        pub large_bodies_mib: usize = 512,
        /// Bodies of more than 64 KiB that are checked at the same time; each keeps a processor busy.
        pub max_body_checks: usize = 2,
        /// Files that are uploaded at the same time.
        pub max_uploads: usize = 1024,
        /// How long a body may take before the minimum rate applies.
        pub body_grace_period: ConfigDuration = ConfigDuration::seconds(10),
        /// Bytes of a body that must arrive in each second.
        pub min_body_rate: u32 = 1024,
    }
}

impl ApiSettings {
    pub(crate) fn limiters(&self) -> RequestLimiters {
        let limits = &self.limits;
        let requests = LimiterSizes {
            per_address: limits.requests_per_address,
            per_client: limits.requests_per_client,
            ..limits.with_reserved(self.max_requests)
        };
        RequestLimiters {
            requests: Limiter::new(requests),
            waiting_workers: Limiter::new(LimiterSizes::shared(self.max_waiting_workers)),
            uploads: Limiter::new(LimiterSizes::shared(limits.max_uploads)),
        }
    }

    pub(crate) fn bodies(&self) -> BodyLimits {
        let limits = &self.limits;
        let memory = limits.large_bodies_mib.saturating_mul(1024);
        let memory = LimiterSizes { per_address: memory / 8, per_client: memory / 2, ..limits.with_reserved(memory) };
        let receiving = LimiterSizes { per_address: limits.bodies_per_address, ..LimiterSizes::shared(usize::MAX) };
        let (grace_period, bytes_per_second) = (limits.body_grace_period.duration(), limits.min_body_rate);
        BodyLimits {
            max: self.max_body,
            max_graph: self.max_graph,
            max_unsigned: limits.max_unsigned_body,
            min_rate: MinBodyRate { grace_period, bytes_per_second },
            min_upload_rate: MinBodyRate { grace_period: grace_period * UPLOAD_GRACE_PERIODS, bytes_per_second },
            receiving: Limiter::new(receiving),
            memory: Limiter::new(memory),
            cpu_pool: CpuPool::new(limits.max_body_checks),
        }
    }

    pub(crate) fn live_limiter(&self) -> Limiter {
        let limits = &self.limits;
        Limiter::new(LimiterSizes {
            per_address: limits.live_connections_per_address,
            per_client: limits.live_connections_per_client,
            ..limits.with_reserved(self.max_live_connections)
        })
    }
}

impl CallerLimits {
    pub(crate) fn connection_limiter(&self) -> Limiter {
        Limiter::new(LimiterSizes { per_address: self.connections_per_address, ..LimiterSizes::shared(usize::MAX) })
    }

    fn with_reserved(&self, max: usize) -> LimiterSizes {
        let for_signed = max.checked_div(self.reserved_one_in).unwrap_or(0);
        LimiterSizes { for_signed, for_workers: for_signed / 2, ..LimiterSizes::shared(max) }
    }
}

/// Uploads have so many grace periods: workers that send files are busy with other things too.
const UPLOAD_GRACE_PERIODS: u32 = 6;

/// A client that is defined in the settings and cannot be changed through the API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StaticClient {
    pub client_id: String,
    pub access_token: Secret,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub scopes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        http::{CallerClass, LimitKey, Permit, Requester},
        net::AddressKey,
    };

    fn taken(limits: &Limiter, requester: &Requester) -> Vec<Permit> {
        std::iter::from_fn(|| limits.try_acquire(requester)).collect()
    }

    #[test]
    fn unsigned_streams_leave_room_for_others_and_for_signed_ones() {
        let from = |last: u8| {
            let address = AddressKey::of([192, 0, 2, last].into());
            Requester { class: CallerClass::Unsigned, key: LimitKey::Address(address) }
        };
        let client = Requester { class: CallerClass::Signed, key: LimitKey::Client("c".into()) };
        let streams = ApiSettings::default().live_limiter();
        let first = taken(&streams, &from(0));
        assert_eq!(first.len(), 100, "the limit of one address");
        let others: Vec<Permit> = (1..=20).flat_map(|last| taken(&streams, &from(last))).collect();
        assert_eq!(first.len() + others.len(), 625);
        assert_eq!(taken(&streams, &client).len(), 250);
    }

    #[test]
    fn one_client_has_half_of_the_memory() {
        let memory = ApiSettings::default().bodies().memory;
        let requester = Requester { class: CallerClass::Signed, key: LimitKey::Client("c".into()) };
        let mib = 1024;
        assert!(memory.try_acquire_many(&requester, 256 * mib).is_some());
        assert!(memory.try_acquire_many(&requester, 257 * mib).is_none());
    }
}
