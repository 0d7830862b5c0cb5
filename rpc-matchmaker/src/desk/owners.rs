//! Who calls, and whether whoever called is still there.

use crate::registry::{Caller, Owner, Registrant};
use rpc_core::{Connection, Context};
use std::collections::HashMap;

/// The connections that registered or renewed, and the numbers by which the registry knows them.
#[derive(Default)]
pub(super) struct Owners {
    numbers: HashMap<Connection, Owner>,
    connections: HashMap<Owner, Connection>,
    seen: u64,
}

impl Owners {
    /// The number of the connection that a call came on; none for a datagram.
    fn of(&mut self, cx: &Context) -> Option<Owner> {
        let connection = cx.peer().connection()?;
        if let Some(owner) = self.numbers.get(connection) {
            return Some(*owner);
        }
        self.seen += 1;
        let owner = Owner(self.seen);
        self.numbers.insert(connection.clone(), owner);
        self.connections.insert(owner, connection.clone());
        Some(owner)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    pub(super) fn is_gone(&self, owner: Owner) -> bool {
        self.connections
            .get(&owner)
            .is_none_or(Connection::is_closed)
    }

    pub(super) fn forget_closed(&mut self) -> Vec<Owner> {
        let closed: Vec<Owner> = self
            .numbers
            .extract_if(|connection, _| connection.is_closed())
            .map(|(_, owner)| owner)
            .collect();
        for owner in &closed {
            self.connections.remove(owner);
        }
        closed
    }
}

/// Who calls. The matchmaker's own user is an operator, as root is: it could end the matchmaker and start another.
pub(super) fn caller(cx: &Context, owners: &mut Owners) -> Caller {
    let own = rustix::process::geteuid().as_raw();
    let registrant = match (cx.peer().credentials(), cx.peer().address()) {
        (Some(credentials), _) => Registrant::User(credentials.uid),
        (None, Some(address)) => Registrant::at(address.ip()),
        // Within this process.
        (None, None) => Registrant::User(own),
    };
    Caller {
        registrant,
        owner: owners.of(cx),
        operator: matches!(registrant, Registrant::User(uid) if uid == 0 || uid == own),
    }
}
