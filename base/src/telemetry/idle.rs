//! Spans of idle work are not exported.

use std::time::Duration;

use opentelemetry::Value;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};

/// Leaves out spans with the field `idle = true`: of an actor that looked for work and found none. Whether there is work
/// is known only at the end of a span, so it cannot be left to a sampler.
#[derive(Debug)]
pub(super) struct WithoutIdle<E>(pub(super) E);

impl<E: SpanExporter> SpanExporter for WithoutIdle<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        batch.retain(|span| !is_idle(span));
        if batch.is_empty() { Ok(()) } else { self.0.export(batch).await }
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

fn is_idle(span: &SpanData) -> bool {
    span.attributes.iter().any(|attribute| attribute.key.as_str() == "idle" && attribute.value == Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::{Registry, layer::SubscriberExt};

    use super::*;

    #[derive(Debug, Clone, Default)]
    struct Recorder(Arc<Mutex<Vec<String>>>);

    impl SpanExporter for Recorder {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.0.lock().unwrap().extend(batch.into_iter().map(|span| span.name.into_owned()));
            Ok(())
        }
    }

    #[test]
    fn only_spans_that_did_work_are_exported() {
        let recorder = Recorder::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(WithoutIdle(recorder.clone())).build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(Registry::default().with(layer), || {
            drop(tracing::info_span!("worked", idle = tracing::field::Empty));
            tracing::info_span!("idle", idle = tracing::field::Empty).record("idle", true);
        });
        assert_eq!(*recorder.0.lock().unwrap(), ["worked"]);
    }
}
