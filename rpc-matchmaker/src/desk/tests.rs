//! The contract, served to a client in the same process.

use super::*;
use rpc_core::matchmaker::MatchmakerClient;
use rpc_core::rpcbind::RpcbindV4Client;

fn registration(name: &str, instance: u8) -> Registration {
    Registration {
        name: Bounded::new(name.to_owned()).unwrap(),
        program: 0x2000_0bab,
        version: 1,
        fingerprints: Bounded::default(),
        instance: [instance; 16],
        incarnation: instance.into(),
        store: None,
        endpoints: Bounded::new(vec![Bounded::new("tcp://127.0.0.1:1".to_owned()).unwrap()])
            .unwrap(),
    }
}

fn desk() -> MatchmakerClient {
    MatchmakerClient::local(Desk::new(Limits::default(), [1; 16]))
}

#[test]
fn what_is_registered_is_found_and_what_is_withdrawn_is_not() {
    let desk = desk();
    let lease = desk
        .register(registration("bank", 1), 5_000)
        .wait()
        .unwrap()
        .unwrap();
    assert_eq!(lease.length_ms, 5_000);
    let found = desk.lookup("Bank").wait().unwrap().unwrap();
    assert_eq!(
        (found.len(), &found[0].registration),
        (1, &registration("bank", 1))
    );
    assert!(found[0].lease_ms == 5_000 && found[0].renewed_ms <= found[0].age_ms);

    assert_eq!(desk.renew(lease.id).wait().unwrap(), Ok(lease));
    assert!(desk.withdraw(lease.id).wait().unwrap());
    assert!(!desk.withdraw(lease.id).wait().unwrap());
    assert_eq!(
        desk.renew(lease.id).wait().unwrap(),
        Err(RenewError::UnknownLease)
    );
    let LookupError::NoSuchName { near } = desk.lookup("bank").wait().unwrap().unwrap_err();
    assert!(near.is_empty());
}

#[test]
fn a_name_that_is_not_known_is_answered_with_those_that_look_like_it() {
    let desk = desk();
    for name in ["bank", "banks", "Tank", "sank", "echo"] {
        desk.register(registration(name, 1), 5_000)
            .wait()
            .unwrap()
            .unwrap();
    }
    let LookupError::NoSuchName { near } = desk.lookup("bnak").wait().unwrap().unwrap_err();
    assert_eq!(
        near.iter().map(|name| name.as_str()).collect::<Vec<_>>(),
        ["bank"]
    );
    let LookupError::NoSuchName { near } = desk.lookup("dank").wait().unwrap().unwrap_err();
    assert_eq!(near.len(), MAX_NEAR as usize);
}

#[test]
fn the_list_goes_on_after_the_last_name() {
    let desk = desk();
    let all = (0..150)
        .map(|number| format!("service-{number:03}"))
        .collect::<Vec<_>>();
    for name in &all {
        desk.register(registration(name, 1), 5_000)
            .wait()
            .unwrap()
            .unwrap();
    }
    let mut listed: Vec<String> = Vec::new();
    loop {
        let page = desk
            .list(listed.last().map_or("", String::as_str))
            .wait()
            .unwrap();
        listed.extend(
            page.entries
                .iter()
                .map(|entry| entry.registration.name.to_string()),
        );
        if !page.more {
            break;
        }
    }
    assert_eq!(listed, all);
}

#[test]
fn the_sweeper_ends_when_the_desk_is_closed() {
    let desk = Desk::new(Limits::default(), [1; 16]);
    let sweeping = desk.clone();
    let sweeper = std::thread::spawn(move || sweeping.sweep());
    desk.close();
    sweeper.join().unwrap();
}

#[test]
fn what_rpcbind_had_no_room_for_is_shown_when_there_is() {
    let rpcbind = Portmapper::default();
    let desk = Desk::new(Limits::default(), [1; 16]);
    desk.show_in(&rpcbind);
    let shown = || {
        let client = RpcbindV4Client::local(rpcbind.clone());
        client.dump().wait().unwrap().first.len()
    };
    let client = MatchmakerClient::local(desk.clone());
    let leases: Vec<u64> = (0..1_500)
        .map(|program| {
            let mut server = registration(&format!("server-{program}"), 1);
            server.program = program;
            client.register(server, 5_000).wait().unwrap().unwrap().id
        })
        .collect();
    let full = shown();
    assert!(full < leases.len() && desk.state().0.shown == Completeness::Partial);
    // The end of one that is not shown makes no room.
    assert!(client.withdraw(leases[leases.len() - 1]).wait().unwrap());
    assert!(desk.state().0.shown == Completeness::Partial && shown() == full);
    assert!(client.withdraw(leases[0]).wait().unwrap());
    assert!(desk.state().0.shown == Completeness::Due && shown() == full - 1);
    desk.state().0.show_all();
    assert!(desk.state().0.shown == Completeness::Partial && shown() == full);
}
