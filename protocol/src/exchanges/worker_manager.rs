//! The exchanges of worker-manager. Their messages and routing keys are made by stored functions, in the transaction of the
//! change (`emit_worker_pool_event` and its neighbours); tests compare them with these declarations.

use super::{ExchangeDeclaration, KeyField, ServiceExchanges};

/// The exchanges of worker-manager, with their documentation.
pub const SERVICE: ServiceExchanges = ServiceExchanges {
    service: "worker-manager",
    title: "Worker manager messages",
    description: "Changes of worker pools, of their launch configs and of their workers.",
    exchanges: EXCHANGES,
};

pub const EXCHANGES: &[ExchangeDeclaration] = &[
    ExchangeDeclaration {
        title: "Worker pool created",
        description: "There is a new worker pool.",
        ..of_pool("worker-pool-created", "workerPoolCreated", "pulse-worker-pool-message")
    },
    ExchangeDeclaration {
        title: "Worker pool updated",
        description: "A worker pool was changed, or given to another provider.",
        ..of_pool("worker-pool-updated", "workerPoolUpdated", "pulse-worker-pool-message")
    },
    ExchangeDeclaration {
        title: "Worker pool error",
        description: "A worker or the provisioner reported an error.",
        ..of_pool("worker-pool-error", "workerPoolError", "pulse-worker-pool-error-message")
    },
    ExchangeDeclaration {
        title: "Worker requested",
        description: "A worker was requested from its provider.",
        ..of_worker("worker-requested", "workerRequested", "pulse-worker-message")
    },
    ExchangeDeclaration {
        title: "Worker running",
        description: "A worker has registered.",
        ..of_worker("worker-running", "workerRunning", "pulse-worker-message")
    },
    ExchangeDeclaration {
        title: "Worker stopped",
        description: "A worker is gone.",
        ..of_worker("worker-stopped", "workerStopped", "pulse-worker-message")
    },
    ExchangeDeclaration {
        title: "Worker removed",
        description: "A worker is to be stopped.",
        ..of_worker("worker-removed", "workerRemoved", "pulse-worker-removed-message")
    },
    ExchangeDeclaration {
        title: "Launch config created",
        description: "A worker pool has a new launch config.",
        ..of_pool("launch-config-created", "launchConfigCreated", "pulse-launch-config-message")
    },
    ExchangeDeclaration {
        title: "Launch config updated",
        description: "A launch config was given again, perhaps with other settings of worker-manager.",
        ..of_pool("launch-config-updated", "launchConfigUpdated", "pulse-launch-config-message")
    },
    ExchangeDeclaration {
        title: "Launch config archived",
        description: "A launch config is no longer part of its worker pool.",
        ..of_pool("launch-config-archived", "launchConfigArchived", "pulse-launch-config-message")
    },
];

/// The longest id in a routing key, in bytes.
const ID: usize = 38;

const LAUNCH_CONFIG: KeyField = KeyField::optional("launchConfigId", ID, "The launch config.");

const POOL_KEY: &[KeyField] = &[
    KeyField::primary(),
    KeyField::optional("providerId", ID, "The provider."),
    KeyField::optional("provisionerId", ID, "The part of the worker pool id before the slash."),
    KeyField::optional("workerType", ID, "The part of the worker pool id after the slash."),
    KeyField::optional("workerGroup", ID, "Group of the worker."),
    KeyField::optional("workerId", ID, "The worker."),
    LAUNCH_CONFIG,
    KeyField::reserved(),
];

const WORKER_KEY: &[KeyField] = &[
    KeyField::primary(),
    KeyField::required("providerId", ID, "The provider."),
    KeyField::required("provisionerId", ID, "The part of the worker pool id before the slash."),
    KeyField::required("workerType", ID, "The part of the worker pool id after the slash."),
    KeyField::required("workerGroup", ID, "Group of the worker."),
    KeyField::required("workerId", ID, "The worker."),
    LAUNCH_CONFIG,
    KeyField::reserved(),
];

const fn of_pool(name: &'static str, client_name: &'static str, schema: &'static str) -> ExchangeDeclaration {
    ExchangeDeclaration {
        service: "worker-manager",
        name,
        client_name,
        title: "",
        description: "",
        key: POOL_KEY,
        schema,
        cc: false,
    }
}

const fn of_worker(name: &'static str, client_name: &'static str, schema: &'static str) -> ExchangeDeclaration {
    ExchangeDeclaration { key: WORKER_KEY, ..of_pool(name, client_name, schema) }
}
