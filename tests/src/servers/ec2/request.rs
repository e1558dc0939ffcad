//! A request of the query protocol, as it arrives.

use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::rules::Market;

/// Whom it is for, and its fields in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ec2Request {
    /// Who signed it.
    pub access_key_id: String,
    pub service: String,
    pub region: String,
    pub fields: Vec<(String, String)>,
}

impl Ec2Request {
    /// `authorization`: the header, in which a signature names what it is for. `None`: not signed.
    pub(super) fn parse(authorization: &str, body: &str) -> Option<Self> {
        let scope = authorization.split_once("Credential=")?.1.split(',').next()?;
        let mut scope = scope.split('/');
        let access_key_id = scope.next()?.to_owned();
        let mut scope = scope.skip(1);
        let (region, service) = (scope.next()?.to_owned(), scope.next()?.to_owned());
        let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let field = |pair: &str| pair.split_once('=').map(|(name, value)| (decode(name), decode(value)));
        Some(Self { access_key_id, service, region, fields: body.split('&').filter_map(field).collect() })
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn action(&self) -> &str {
        self.get("Action").unwrap_or_default()
    }

    pub(super) fn market(&self) -> Market {
        match self.get("InstanceMarketOptions.MarketType") {
            Some("spot") => Market::Spot,
            _ => Market::OnDemand,
        }
    }

    /// The fields without those that are the proxy's matter.
    pub(super) fn body_without(&self, left_out: &[&str]) -> String {
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let kept = self.fields.iter().filter(|(name, _)| !left_out.contains(&name.as_str()));
        kept.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
    }
}
