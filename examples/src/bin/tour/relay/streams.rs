//! Streams through the relay.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use super::dice::Dice;
use super::{CUT_WITHIN, Damage, Destination, count};

/// Connects each client that comes to `front` with the server, and now and then cuts the connection.
pub fn relay(
    front: &TcpListener,
    server: &Destination,
    mut dice: Dice,
    damage: &Arc<Damage>,
) -> io::Result<()> {
    loop {
        let (client, _) = front.accept()?;
        // Without a server the client's connection is closed, as by a refusal.
        let Ok(server) = TcpStream::connect(server.get()) else {
            continue;
        };
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        for (from, to) in [(&client, &server), (&server, &client)] {
            let pump = Pump {
                from: from.try_clone()?,
                to: to.try_clone()?,
                dice: dice.split(),
                damage: damage.clone(),
            };
            thread::spawn(move || pump.run());
        }
    }
}

/// One direction of one connection.
struct Pump {
    from: TcpStream,
    to: TcpStream,
    dice: Dice,
    damage: Arc<Damage>,
}

impl Pump {
    fn run(mut self) {
        // Whether it was cut, or one side went away, or the other: the connection is over in both directions. Closing
        // what is closed already fails, which changes nothing.
        let _ = self.pass_until_cut();
        let _ = self.from.shutdown(Shutdown::Both);
        let _ = self.to.shutdown(Shutdown::Both);
    }

    fn pass_until_cut(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; 16 * 1024];
        let before_the_cut = self.dice.below(CUT_WITHIN);
        for piece in 0.. {
            let length = self.from.read(&mut buffer)?;
            if length == 0 {
                break;
            }
            count(&self.damage.passed);
            if piece == before_the_cut {
                count(&self.damage.cut);
                let kept = self.dice.below(length as u64) as usize;
                return self.to.write_all(&buffer[..kept]);
            }
            self.to.write_all(&buffer[..length])?;
        }
        Ok(())
    }
}
