//! The machine on which a run took place, as far as a worker knows it.

use std::{net::IpAddr, time::Duration};

use reqwest::Url;
use serde::Serialize;
use tokio::net::UdpSocket;

const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// `environment` of a certificate. What is not known is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_ip_address: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_ip_address: Option<IpAddr>,
    pub instance_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    pub region: String,
}

impl Machine {
    /// With the address from which the server is reached.
    pub(crate) async fn seen_from(mut self, root_url: &str) -> Self {
        let address = tokio::time::timeout(LOOKUP_TIMEOUT, own_address(root_url)).await;
        self.private_ip_address = self.private_ip_address.or(address.ok().flatten());
        self
    }
}

/// Connecting such a socket sends nothing: it only asks the kernel for the route.
async fn own_address(root_url: &str) -> Option<IpAddr> {
    let url = Url::parse(root_url).ok()?;
    let server = tokio::net::lookup_host((url.host_str()?, url.port_or_known_default()?)).await.ok()?.next()?;
    let any = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).await.ok()?;
    socket.connect(server).await.ok()?;
    Some(socket.local_addr().ok()?.ip())
}
