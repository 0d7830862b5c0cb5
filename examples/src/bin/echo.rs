//! A first service: a trait, somebody who implements it, a server and a client.
use rpc_core::{Context, Server, rpc};
use std::{error::Error, time::Duration};

#[rpc(program = 0x2000_0ec0, version = 1)]
trait Echo {
    /// Says back what it hears, and to whom.
    fn echo(&self, cx: &Context, text: &str) -> String;
}

struct Parrot;

impl Echo for Parrot {
    fn echo(&self, cx: &Context, text: &str) -> String {
        format!("{text}, {}", cx.peer())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder()
        .serve(EchoService::new(Parrot))
        .listen("tcp://127.0.0.1:0")
        .start()?;
    let client = EchoClient::connect(&server.endpoints()[0].to_string())?;
    println!("{}", client.echo("hello").wait()?);
    server.shutdown(Duration::from_secs(1))?;
    Ok(())
}
