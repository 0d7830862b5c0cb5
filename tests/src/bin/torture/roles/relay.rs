//! The process of the bad network in front of one address of the bank. It ends with the address.

use std::error::Error;
use std::io::{self, BufRead};
use std::sync::Arc;
use std::thread;

use super::argument;
use crate::relay::{Damage, Destination, Relay, Transport};

/// Argument: what the dice start from. Orders: `to tcp://… udp://…`, where the bank is now.
pub fn play(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let seed: u64 = argument(arguments, 0)?;
    let mut destinations = Vec::new();
    for (index, transport) in (0..).zip([Transport::Tcp, Transport::Udp]) {
        let relay = Relay::bind(transport)?;
        println!("ready {transport}://{}", relay.address()?);
        // Nobody listens there: as good as a bank that is not up yet.
        let destination = Destination::new("127.0.0.1:1")?;
        destinations.push(destination.clone());
        thread::spawn(move || {
            let damage = Arc::new(Damage::none_yet(transport));
            if let Err(error) = relay.run(&destination, seed ^ index, &damage) {
                eprintln!("torture: the {transport} relay broke down: {error}");
            }
        });
    }
    for order in io::stdin().lock().lines() {
        let order = order?;
        for (destination, endpoint) in destinations.iter().zip(order.split(' ').skip(1)) {
            destination.change(endpoint)?;
        }
    }
    Ok(())
}
