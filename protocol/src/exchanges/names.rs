//! Full names of exchanges on the broker.

use super::ExchangeDeclaration;

/// How exchanges are named: a template with `{service}` and `{name}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeNames {
    template: String,
}

/// A template in which a part is wanting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the exchange name template `{0}` must hold both {{service}} and {{name}}")]
pub struct BadTemplate(pub String);

/// The names that existing consumers bind to.
const TEMPLATE: &str = "exchange/taskcluster-{service}/v1/{name}";

impl Default for ExchangeNames {
    fn default() -> Self {
        Self { template: TEMPLATE.to_owned() }
    }
}

impl ExchangeNames {
    /// Names by another template, for a broker that is shared.
    pub fn with_template(template: &str) -> Result<Self, BadTemplate> {
        let whole = template.contains("{service}") && template.contains("{name}");
        if whole { Ok(Self { template: template.to_owned() }) } else { Err(BadTemplate(template.to_owned())) }
    }

    /// The exchange's name on the broker.
    pub fn name(&self, exchange: &ExchangeDeclaration) -> String {
        self.template.replace("{service}", exchange.service).replace("{name}", exchange.name)
    }

    /// What the names of a service's exchanges begin with.
    pub(super) fn prefix(&self, service: &str) -> String {
        self.template.replace("{service}", service).replace("{name}", "")
    }
}
