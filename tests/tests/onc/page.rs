//! What `docs/interop.md` shows, with the registry that it speaks of.

use crate::echo::{EchoV2Client, EchoV2Service};
use crate::peers::{self, client_with, output};
use crate::registry::{each_registry, missing_tool};
use crate::service::Echo;
use rpc_core::Server;
use std::error::Error;
use testkit::alone;

#[test]
fn what_the_page_shows_works() {
    let test = "page::what_the_page_shows_works";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    if alone(test, peers::built) {
        each_registry(|| show().expect("it works"));
    }
}

fn show() -> Result<(), Box<dyn Error>> {
    let server = Server::builder()
        .serve(EchoV2Service::new(Echo::default()))
        .listen("tcp://0.0.0.0:0")
        .listen("udp://0.0.0.0:0")
        .register("rpcbind://")
        .start()?;
    let echo = EchoV2Client::connect("rpcbind://127.0.0.1")?;
    println!("{}", echo.echo_id(7).wait()?);
    let counted = output(client_with("find-tcp", "127.0.0.1").args(["count", "3"]));
    assert_eq!(counted.trim(), "3");
    drop(server);
    Ok(())
}
