//! Turns the services declared in `protocol/proto` into Rust methods: nobody writes them, or dispatch by name, by hand.
//!
//! For `service Queue` with `rpc CreateTask(NewTask) returns (TaskStatus)` it makes, in `$OUT_DIR/queue.rs`,
//! `Queue::create_task`, which calls `LocalQueue::create_task` or sends the call with `RemoteQueue::call`, and
//! `LocalQueue::dispatch`, which carries out the call of another process. The file is included where `Queue`,
//! `LocalQueue`, `RemoteQueue`, `QueueError`, the module `types`, and `decode` and `encode` are in scope.

use std::{env, error::Error, fmt::Write, fs, path::Path};

use prost_build::{Method, Service, ServiceGenerator};

const PROTO: &str = "../protocol/proto";
const SERVICES: [&str; 1] = ["drover/v1/queue.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={PROTO}");
    let files = protox::compile(SERVICES, [PROTO])?;
    // The messages are made by the crate `protocol`.
    prost_build::Config::new()
        .extern_path(".drover.v1", "::protocol::proto")
        .service_generator(Box::new(Methods))
        .compile_fds(files)?;
    Ok(())
}

struct Methods;

impl ServiceGenerator for Methods {
    #[expect(clippy::disallowed_methods, reason = "it is how Cargo tells a build script where to write")]
    fn generate(&mut self, service: Service, _: &mut String) {
        let code = service_code(&service).expect("a String takes all that is written to it");
        let folder = env::var_os("OUT_DIR").expect("Cargo sets it");
        let file = Path::new(&folder).join(format!("{}.rs", service.name.to_lowercase()));
        fs::write(file, code).expect("the folder of the build is writable");
    }
}

fn service_code(service: &Service) -> Result<String, std::fmt::Error> {
    let (name, mut code) = (&service.name, String::new());
    writeln!(code, "impl {name} {{")?;
    for method in &service.methods {
        let (request, response) = (rust_type(&method.input_proto_type), rust_type(&method.output_proto_type));
        for line in &method.comments.leading {
            writeln!(code, "    ///{line}")?;
        }
        writeln!(
            code,
            "    pub async fn {rust}(&self, request: {request}) -> Result<{response}, {name}Error> {{
        match self {{
            Self::Local(local) => local.{rust}(request).await,
            Self::Remote(remote) => remote.call::<{input}, {output}, _, _>(\"{proto}\", request).await,
        }}
    }}",
            rust = method.name,
            proto = method.proto_name,
            input = method.input_type,
            output = method.output_type,
        )?;
    }
    writeln!(code, "}}\n\nimpl Local{name} {{")?;
    writeln!(code, "    /// Carries out the call of another process. Request and response are encoded messages.")?;
    writeln!(
        code,
        "    pub(super) async fn dispatch(self: &Arc<Self>, method: &str, body: Bytes) -> Result<Bytes, {name}Error> {{"
    )?;
    writeln!(code, "        match method {{")?;
    service.methods.iter().try_for_each(|method| writeln!(code, "            {}", dispatch_arm(method)))?;
    writeln!(code, "            _ => Err(unknown_method(method)),\n        }}\n    }}\n}}")?;
    Ok(code)
}

fn dispatch_arm(method: &Method) -> String {
    let Method { name, proto_name, input_type, output_type, .. } = method;
    format!(
        "\"{proto_name}\" => self.{name}(decode::<{input_type}, _>(method, body)?).await.map(encode::<{output_type}, _>),"
    )
}

/// `.drover.v1.NewTask` is `types::NewTask` where the service is.
fn rust_type(proto_type: &str) -> String {
    format!("types::{}", proto_type.rsplit('.').next().unwrap_or(proto_type))
}
