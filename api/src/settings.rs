use base::{ConfigDuration, Secret};
use serde::{Deserialize, Serialize};

use crate::http::{BodyLimits, CpuPool, Limiter, LimiterSizes, Limiters, MinBodyRate};

base::settings! {
    /// The HTTP server.
    pub struct ApiSettings {
        /// The address under which clients reach this house, without a slash at the end; it stands in references and
        /// in redirects. Empty: the listening address.
        pub root_url: String = String::new(),
        /// Requests worked on at the same time; further ones are answered 503 with a retry hint. Workers that wait
        /// for a task do not count.
        pub requests: usize = 2048,
        /// Workers that may wait for a task at the same time.
        pub waiting_workers: usize = 20_000,
        /// Connections that may follow live events at the same time.
        pub live_connections: usize = 1000,
        /// How long a request may take, from its last header to its answer.
        pub deadline: ConfigDuration = ConfigDuration::seconds(30),
        /// How long an upload of one file may take.
        pub upload_deadline: ConfigDuration = ConfigDuration::hours(2),
        /// How long open requests may go on once the process is told to stop.
        pub drain_deadline: ConfigDuration = ConfigDuration::seconds(8),
        /// Biggest JSON body, in bytes.
        pub body_limit: usize = 10 * 1024 * 1024,
        /// Biggest body of a whole graph, in bytes.
        pub graph_limit: usize = 64 * 1024 * 1024,
        /// Proxies and load balancers in front of the server, as addresses or networks like `10.0.0.0/8`: of a request
        /// that comes from one of them, the client's address is taken from `X-Forwarded-For`, and their connections are
        /// not counted. Where there is a proxy that stands not in this list, all callers behind it who do not sign
        /// their requests share the limits of one address.
        pub trusted_proxies: Vec<String> = Vec::new(),
        /// The secret that Drover shares with websocktunnel, to sign the tokens of its clients. Empty: there are no
        /// such tokens.
        pub websocktunnel_secret: Secret = Secret::default(),
        /// What one caller may take.
        pub limits: CallerLimits,
    }
}

base::settings! {
    /// What one caller may take, and what is kept for others. An address is an IPv4 address or a /64 network of IPv6.
    pub struct CallerLimits {
        /// Of `api.requests` and of `api.live_connections`, one in so many is kept for callers who sign their requests,
        /// and half as much besides for workers that take, keep and end runs. 0: nothing is kept.
        pub kept_one_in: usize = 4,
        /// Requests of one address worked on at the same time, as far as nobody signed them.
        pub requests_per_address: usize = 512,
        /// Requests of one client worked on at the same time. Workers that wait for tasks, keep or end runs do not count.
        pub requests_per_client: usize = 1024,
        /// Connections of one address in which nobody has signed a request yet.
        pub connections_per_address: usize = 4096,
        /// Connections of one address that follow live events and are not signed.
        pub live_connections_per_address: usize = 100,
        /// Connections of one client that follow live events.
        pub live_connections_per_client: usize = 500,
        /// Bodies of one address on their way at the same time, as far as nobody signed their requests.
        pub bodies_per_address: usize = 256,
        /// Biggest JSON body of a request that nobody signed, in bytes.
        pub unsigned_body_limit: usize = 1024 * 1024,
        /// Memory for bodies and replies of more than 64 KiB, in MiB. One client may have half of it, one address an
        /// eighth.
        pub large_bodies_mib: usize = 512,
        /// Bodies of more than 64 KiB that are checked at the same time; each keeps a processor busy.
        pub checked_at_once: usize = 2,
        /// Files that are uploaded at the same time.
        pub uploads: usize = 1024,
        /// How long a body may take before it must come at the least rate.
        pub body_grace: ConfigDuration = ConfigDuration::seconds(10),
        /// Bytes of a body that must come in each second.
        pub body_rate: u32 = 1024,
    }
}

impl ApiSettings {
    pub(crate) fn limiters(&self) -> Limiters {
        let limits = &self.limits;
        let requests = LimiterSizes {
            per_address: limits.requests_per_address,
            per_client: limits.requests_per_client,
            ..limits.with_reserved(self.requests)
        };
        Limiters {
            requests: Limiter::new(requests),
            waiting_workers: Limiter::new(LimiterSizes::shared(self.waiting_workers)),
            uploads: Limiter::new(LimiterSizes::shared(limits.uploads)),
        }
    }

    pub(crate) fn bodies(&self) -> BodyLimits {
        let limits = &self.limits;
        let memory = limits.large_bodies_mib.saturating_mul(1024);
        let memory = LimiterSizes { per_address: memory / 8, per_client: memory / 2, ..limits.with_reserved(memory) };
        let receiving = LimiterSizes { per_address: limits.bodies_per_address, ..LimiterSizes::shared(usize::MAX) };
        let (grace, bytes_per_second) = (limits.body_grace.duration(), limits.body_rate);
        BodyLimits {
            max: self.body_limit,
            max_graph: self.graph_limit,
            max_unsigned: limits.unsigned_body_limit,
            pace: MinBodyRate { grace, bytes_per_second },
            upload_pace: MinBodyRate { grace: grace * UPLOAD_GRACES, bytes_per_second },
            receiving: Limiter::new(receiving),
            memory: Limiter::new(memory),
            checks: CpuPool::new(limits.checked_at_once),
        }
    }

    pub(crate) fn live_limiter(&self) -> Limiter {
        let limits = &self.limits;
        Limiter::new(LimiterSizes {
            per_address: limits.live_connections_per_address,
            per_client: limits.live_connections_per_client,
            ..limits.with_reserved(self.live_connections)
        })
    }
}

impl CallerLimits {
    pub(crate) fn connection_limiter(&self) -> Limiter {
        Limiter::new(LimiterSizes { per_address: self.connections_per_address, ..LimiterSizes::shared(usize::MAX) })
    }

    fn with_reserved(&self, max: usize) -> LimiterSizes {
        let for_signed = max.checked_div(self.kept_one_in).unwrap_or(0);
        LimiterSizes { for_signed, for_workers: for_signed / 2, ..LimiterSizes::shared(max) }
    }
}

/// A file is sent by a worker that is busy with other things too.
const UPLOAD_GRACES: u32 = 6;

/// A client that belongs to the settings and cannot be changed through the API.
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
    fn streams_of_strangers_leave_room_for_others_and_for_who_signs() {
        let from = |last: u8| {
            let address = AddressKey::of([192, 0, 2, last].into());
            Requester { class: CallerClass::Unsigned, holder: LimitKey::Address(address) }
        };
        let client = Requester { class: CallerClass::Signed, holder: LimitKey::Client("c".into()) };
        let streams = ApiSettings::default().live_limiter();
        let first = taken(&streams, &from(0));
        assert_eq!(first.len(), 100, "one address has its share and no more");
        let others: Vec<Permit> = (1..=20).flat_map(|last| taken(&streams, &from(last))).collect();
        assert_eq!(first.len() + others.len(), 625);
        assert_eq!(taken(&streams, &client).len(), 250);
    }

    #[test]
    fn one_client_and_one_address_have_a_part_of_the_memory() {
        let memory = ApiSettings::default().bodies().memory;
        let requester = Requester { class: CallerClass::Signed, holder: LimitKey::Client("c".into()) };
        let mib = 1024;
        assert!(memory.try_acquire_many(&requester, 256 * mib).is_some());
        assert!(memory.try_acquire_many(&requester, 257 * mib).is_none());
    }
}
