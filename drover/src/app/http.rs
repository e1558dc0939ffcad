//! The HTTP server of a process: the API, or only the probes.

use std::{io, sync::Arc};

use api::{ApiSettings, Build, HttpServer, Ready, Routes, WebFile, WebFiles};
use base::Shutdown;
use db::{Db, DbError};
use tokio::{net::TcpListener, task::JoinHandle};
use web::Page;

use crate::{
    service::Context,
    services::{server_context, sessions},
};

/// The task that serves, and what ends it.
pub(super) struct Server {
    shutdown: Shutdown,
    serving: JoinHandle<io::Result<()>>,
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "`stop` ends it and waits for it")]
    pub(super) fn start(listener: TcpListener, settings: ApiSettings, context: &Context, routes: Vec<Routes>) -> Self {
        let origins = page_origins(&settings, &context.root_url);
        let server = HttpServer {
            settings,
            build: build(),
            exchange_names: context.exchange_names.clone(),
            context: server_context(context),
            ready: ready(&context.db),
            routes,
            sessions: Some(sessions(context)),
            web_files: Some(web_files(&origins)),
        };
        Self { shutdown: context.http_shutdown.clone(), serving: tokio::spawn(server.serve(listener)) }
    }

    /// For a process without the HTTP API.
    #[expect(clippy::disallowed_methods, reason = "`stop` ends it and waits for it")]
    pub(super) fn probes_only(listener: TcpListener, context: &Context) -> Self {
        let shutdown = context.http_shutdown.clone();
        let health = api::serve_health(listener, build(), ready(&context.db), shutdown.clone());
        Self { shutdown, serving: tokio::spawn(health) }
    }

    /// Takes no more requests, and waits for those under way.
    pub(super) async fn stop(self) {
        self.shutdown.trigger();
        match self.serving.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the HTTP server failed"),
            Err(error) => tracing::error!(%error, "the HTTP server panicked"),
        }
    }
}

/// A process without its database can do nothing, nor with one that somebody took back to an older version.
fn ready(db: &Db) -> Ready {
    let db = db.clone();
    Arc::new(move || {
        let db = db.clone();
        Box::pin(async move {
            db.check_version().await.map_err(|error| match error {
                DbError::Behind { .. } => error.to_string(),
                _ => "the database does not answer".to_owned(),
            })
        })
    })
}

/// Where the page reads artifacts. The workers of a server on this machine serve their live logs on any of its ports.
fn page_origins(settings: &ApiSettings, root_url: &str) -> Vec<String> {
    let mut origins = settings.page_origins.clone();
    if root_url.starts_with("http://127.0.0.1") {
        origins.push("http://127.0.0.1:*".to_owned());
    }
    origins
}

/// The page that is compiled in.
fn web_files(origins: &[String]) -> WebFiles {
    let page = Page::new(origins);
    Arc::new(move |path, accepts_html| {
        let file = page.find(path, accepts_html)?;
        let web::File { content_type, headers, bytes, gzip } = file;
        Some(WebFile { content_type, headers, bytes, gzip })
    })
}

fn build() -> Build {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let commit = env!("DROVER_COMMIT").to_owned();
    Build { build: format!("drover {version}"), version, commit, source: String::new() }
}
