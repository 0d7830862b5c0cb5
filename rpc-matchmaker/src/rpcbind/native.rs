//! Servers that are registered at the matchmaker, as rpcbind shows them.

use super::caller::Owner;
use super::netid::Netid;
use super::table::Row;
use super::universal;
use crate::registry::Registrant;
use rpc_core::Endpoint;
use rpc_core::matchmaker::Registration;
use std::net::{Ipv4Addr, SocketAddr};

/// The rows of a server. There are none of what a C program could not reach: a host that is a name, an abstract socket. There are
/// none at all of a server that registered from another host, since an rpcbind tells of its own host only.
pub fn rows(registration: &Registration, registrant: Registrant) -> Vec<Row> {
    let owner = match registrant {
        Registrant::User(uid) => Owner::of_user(uid),
        Registrant::Address(ip) if ip.is_loopback() => Owner::Unknown,
        Registrant::Address(_) => return Vec::new(),
    };
    let endpoints = registration.endpoints.iter();
    let places = endpoints.filter_map(|endpoint| endpoint.parse().ok());
    places
        .flat_map(|endpoint: Endpoint| addresses(&endpoint))
        .map(|(netid, address)| Row {
            program: registration.program,
            version: registration.version,
            netid: netid.name().to_owned(),
            address,
            owner,
        })
        .collect()
}

fn addresses(endpoint: &Endpoint) -> Vec<(Netid, String)> {
    let both = |authority: &rpc_core::Authority, v4: Netid, v6: Netid| {
        let address = authority.address();
        let with_v4 = address.filter(|address| address.is_ipv6() && address.ip().is_unspecified());
        // Linux takes callers over IPv4 at such a socket, too.
        let with_v4 = with_v4.map(|v6| SocketAddr::from((Ipv4Addr::UNSPECIFIED, v6.port())));
        let netid = |address: SocketAddr| if address.is_ipv4() { v4 } else { v6 };
        let all = address.into_iter().chain(with_v4);
        all.map(|address| (netid(address), universal::write(address)))
            .collect()
    };
    match endpoint {
        Endpoint::Tcp(authority) => both(authority, Netid::Tcp, Netid::Tcp6),
        Endpoint::Udp(authority) => both(authority, Netid::Udp, Netid::Udp6),
        Endpoint::Unix(name) => {
            let path = name.path().and_then(|path| path.to_str());
            path.map(|path| (Netid::Local, path.to_owned()))
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rpc_core::Bounded;

    #[test]
    fn a_server_is_shown_at_what_c_programs_can_reach() {
        let user = Registrant::User(1000);
        let loopback = Registrant::Address(Ipv4Addr::LOCALHOST.into());
        let stranger = Registrant::Address(Ipv4Addr::new(10, 0, 0, 7).into());
        for (endpoint, registrant, expected) in [
            ("tcp://127.0.0.1:845", user, vec!["tcp 127.0.0.1.3.77 1000"]),
            (
                "tcp://127.0.0.1:845",
                Registrant::User(0),
                vec!["tcp 127.0.0.1.3.77 superuser"],
            ),
            (
                "udp://10.0.0.1:2049",
                loopback,
                vec!["udp 10.0.0.1.8.1 unknown"],
            ),
            ("udp://10.0.0.1:2049", stranger, vec![]),
            ("udp://[::1]:2049", user, vec!["udp6 ::1.8.1 1000"]),
            (
                "tcp://[::]:2049",
                user,
                vec!["tcp6 ::.8.1 1000", "tcp 0.0.0.0.8.1 1000"],
            ),
            (
                "unix:/run/bank.sock",
                user,
                vec!["local /run/bank.sock 1000"],
            ),
            ("unix:@bank", user, vec![]),
            ("tcp://host.example:2049", user, vec![]),
        ] {
            let registration = Registration {
                name: Bounded::new("bank".to_owned()).unwrap(),
                program: 7,
                version: 2,
                fingerprints: Bounded::default(),
                instance: [0; 16],
                incarnation: 1,
                store: None,
                endpoints: Bounded::new(vec![Bounded::new(endpoint.to_owned()).unwrap()]).unwrap(),
            };
            let rows = rows(&registration, registrant);
            assert!(rows.iter().all(|row| (row.program, row.version) == (7, 2)));
            let shown: Vec<String> = rows
                .iter()
                .map(|row| format!("{} {} {}", row.netid, row.address, row.owner))
                .collect();
            assert_eq!(shown, expected, "{endpoint}");
        }
    }
}
