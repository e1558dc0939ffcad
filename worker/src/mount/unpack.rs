//! Unpacking, with the programs that every machine has.

use std::{path::Path, process::Stdio};

use tokio::process::Command;

/// Unpacks an archive into a directory. The error is what the program said.
pub(super) async fn archive(archive: &Path, format: &str, into: &Path) -> Result<(), String> {
    let mut command = if format == "zip" { Command::new("unzip") } else { Command::new("tar") };
    match format {
        "zip" => command.arg("-q").arg(archive).arg("-d").arg(into),
        // Which compression it is, tar finds out by itself.
        _ => command.arg("-xf").arg(archive).arg("-C").arg(into),
    };
    run(command).await.map(drop)
}

/// Decompresses a file in place; without a format there is nothing to do.
pub(super) async fn file(file: &Path, format: Option<&str>) -> Result<(), String> {
    let program = match format {
        None => return Ok(()),
        Some("gz") => "gzip",
        Some("bz2") => "bzip2",
        Some("xz") => "xz",
        Some("zst") => "zstd",
        Some(other) => return Err(format!("no program is known for `{other}`")),
    };
    let mut command = Command::new(program);
    command.arg("-dc").arg(file);
    let plain = run(command).await?;
    tokio::fs::write(file, plain).await.map_err(|error| error.to_string())
}

async fn run(mut command: Command) -> Result<Vec<u8>, String> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}
