use super::*;

/// Below /tmp and not below a home directory: the user that root lends the server must reach it.
fn settings(directory: &tempfile::TempDir) -> EmbeddedSettings {
    use std::os::unix::fs::PermissionsExt as _;
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(directory.path(), open).unwrap();
    EmbeddedSettings { tuning: Tuning::Test, ..EmbeddedSettings::new(directory.path().join("postgres")) }
}

async fn ask(url: &str, sql: &'static str) -> Result<i64, sqlx::Error> {
    use sqlx::ConnectOptions as _;
    let mut connection = url.parse::<sqlx::postgres::PgConnectOptions>()?.connect().await?;
    sqlx::query_scalar(sql).fetch_one(&mut connection).await
}

#[tokio::test]
async fn a_stopped_server_keeps_its_data() {
    let directory = tempfile::tempdir().unwrap();
    let server = Embedded::start(settings(&directory)).await.unwrap();
    let made =
        ask(server.url(), "with made as (select 1) select set_config('a.b', 'c', false)::text::xml is null from made")
            .await;
    drop(made);
    server.stop().await.unwrap();
    let server = Embedded::start(settings(&directory)).await.unwrap();
    assert_eq!(ask(server.url(), "select 1::bigint").await.unwrap(), 1);
    server.stop().await.unwrap();
}
