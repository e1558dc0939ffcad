//! Propagation of traces to another process, or to later: the W3C `traceparent`, which the outbox stores.

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The `traceparent` of the current span; `None` without tracing.
pub fn traceparent() -> Option<String> {
    let context = Span::current().context();
    let span = context.span().span_context().clone();
    span.is_valid().then(|| write(&span))
}

/// Makes `span` a child of `traceparent`. Call it before the span is entered.
/// An invalid `traceparent` is ignored: it must not make work fail.
#[must_use]
pub fn follow(span: Span, traceparent: Option<&str>) -> Span {
    if let Some(parent) = traceparent.and_then(read) {
        // Refused only when the span is not traced or has begun already, and then there is nothing to follow.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
    span
}

fn write(span: &SpanContext) -> String {
    format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags().to_u8())
}

fn read(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let lengths = [version, trace, span, flags].map(str::len);
    if version == "ff" || lengths != [2, 32, 16, 2] {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?);
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_round_trips() {
        assert_eq!(read(GIVEN).map(|span| write(&span)).as_deref(), Some(GIVEN));
    }

    #[test]
    fn invalid_texts_are_ignored() {
        for text in ["", "00-short-00f067aa0ba902b7-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"] {
            assert!(read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_span_continues_the_given_trace() {
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span = follow(tracing::info_span!("delivery"), Some(GIVEN));
            let now = span.in_scope(traceparent).unwrap();
            assert_eq!(now[..35], GIVEN[..35]);
            assert_ne!(now, GIVEN);
        });
    }

    #[test]
    fn without_tracing_there_is_no_traceparent() {
        assert_eq!(traceparent(), None);
    }
}
