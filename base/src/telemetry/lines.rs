//! Log lines for a function.

use std::{io, sync::Arc};

pub(super) type Write = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// One log line, which is complete when this is dropped.
pub(super) struct LineWriter {
    line: Vec<u8>,
    write: Write,
}

impl LineWriter {
    pub(super) fn new(write: Write) -> Self {
        Self { line: Vec::new(), write }
    }
}

impl io::Write for LineWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LineWriter {
    fn drop(&mut self) {
        if !self.line.is_empty() {
            (self.write)(&self.line);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tracing_subscriber::{Registry, fmt, layer::SubscriberExt};

    use super::*;

    #[test]
    fn each_event_is_a_line() {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let written = lines.clone();
        let write: Write = Arc::new(move |line: &[u8]| {
            written.lock().unwrap().push(String::from_utf8(line.to_vec()).unwrap());
        });
        let layer = fmt::layer().json().flatten_event(true).with_writer(move || LineWriter::new(write.clone()));
        tracing::subscriber::with_default(Registry::default().with(layer), || {
            tracing::info!(task.id = "a", "one\ntwo");
            tracing::warn!("three");
        });
        assert_eq!(read(&lines), [("one\ntwo".to_owned(), "a".to_owned()), ("three".to_owned(), String::new())]);
    }

    fn read(lines: &Mutex<Vec<String>>) -> Vec<(String, String)> {
        let fields = |line: &String| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            (text("message"), text("task.id"))
        };
        lines.lock().unwrap().iter().map(fields).collect()
    }
}
