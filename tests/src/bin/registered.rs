//! A server of `Who` that registers, for the tests of the matchmaker.
//!
//! It prints `ready URI` for each endpoint when it is registered, serves until its standard input ends, and then shuts
//! down in good order.

use clap::Parser;
use rpc_core::Server;
use std::error::Error;
use std::io::{self, Read};
use std::process::ExitCode;
use std::time::Duration;
use testkit::who::{Myself, WhoService};

#[derive(Parser)]
struct Options {
    /// Where to answer.
    #[arg(long, default_value = "tcp://127.0.0.1:0")]
    listen: Vec<String>,
    /// What to register instead of that.
    #[arg(long)]
    advertise: Vec<String>,
    /// Where to register, and as what.
    #[arg(long)]
    register: String,
}

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("registered: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let mut builder = Server::builder()
        .serve(WhoService::new(Myself))
        .register(&options.register);
    for endpoint in &options.listen {
        builder = builder.listen(endpoint);
    }
    for endpoint in &options.advertise {
        builder = builder.advertise(endpoint);
    }
    let server = builder.start()?;
    for endpoint in server.endpoints() {
        println!("ready {endpoint}");
    }
    io::stdin().read_to_end(&mut Vec::new())?;
    server.shutdown(Duration::from_secs(5))?;
    Ok(())
}
