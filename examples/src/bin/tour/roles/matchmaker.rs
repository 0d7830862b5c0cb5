//! The matchmaker's process: the daemon as a library, on a free port.

use std::error::Error;
use std::thread;

use rpc_matchmaker::Daemon;
use rpc_matchmaker::registry::Limits;

use super::leave_with_the_tour;

pub fn play() -> Result<(), Box<dyn Error>> {
    leave_with_the_tour();
    let daemon = Daemon::start(&["tcp://127.0.0.1:0"], Limits::default())?;
    let endpoint = daemon.endpoints()[0].to_string();
    println!("ready {}", endpoint.trim_start_matches("tcp://"));
    loop {
        thread::park();
    }
}
