//! Turns the protobuf files into Rust, without `protoc`.

use std::error::Error;

const FILES: [&str; 4] =
    ["drover/v1/event.proto", "drover/v1/wake.proto", "drover/v1/call.proto", "drover/v1/queue.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    // The compiler does not see a file that is added to a folder taken in by `include_dir!`.
    println!("cargo::rerun-if-changed=references");
    println!("cargo::rerun-if-changed=proto");
    let files = protox::compile(FILES, ["proto"])?;
    prost_build::Config::new().btree_map(["."]).compile_fds(files)?;
    Ok(())
}
