//! Turns the protobuf files into Rust, without `protoc`.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    // The compiler does not see a file that is added to a folder taken in by `include_dir!`.
    println!("cargo::rerun-if-changed=references");
    println!("cargo::rerun-if-changed=proto");
    let files = protox::compile(["drover/v1/event.proto"], ["proto"])?;
    prost_build::Config::new().btree_map(["."]).compile_fds(files)?;
    Ok(())
}
