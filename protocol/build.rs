//! Turns the protobuf files into Rust, without `protoc`.

use std::error::Error;

const FILES: [&str; 4] =
    ["drover/v1/event.proto", "drover/v1/notification.proto", "drover/v1/rpc.proto", "drover/v1/queue.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    // The compiler does not see a file that is added to a folder taken in by `include_dir!`.
    println!("cargo::rerun-if-changed=references");
    println!("cargo::rerun-if-changed=proto");
    let files = protox::compile(FILES, ["proto"])?;
    // `Bytes`: a field of bytes is a slice of the message that was received, not a copy.
    prost_build::Config::new()
        .btree_map(["."])
        .bytes([".drover.v1.RpcRequest", ".drover.v1.RpcResponse"])
        .compile_fds(files)?;
    Ok(())
}
