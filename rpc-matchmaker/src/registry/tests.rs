//! The rules of the registry one by one.

mod entries;
mod model;
mod ownership;

use super::{Caller, EARLIER, Limits, Owner, Record, Registrant, Registry};
use rpc_core::matchmaker::{MethodFingerprint, RegisterError, Registration};
use rpc_core::{Bounded, Time};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn limits() -> Limits {
    Limits {
        entries: 10,
        entries_per_name: 4,
        bytes: 9 * (size_of::<Record>() + 400),
        page: 3,
        shortest_lease: SECOND,
        longest_lease: 10 * SECOND,
    }
}

/// Somebody on the network, by a datagram.
const NETWORK: Caller = Caller {
    registrant: Registrant::Address(IpAddr::V4(Ipv4Addr::LOCALHOST)),
    owner: None,
    operator: false,
};

/// The same, on a connection.
fn over(connection: u64) -> Caller {
    Caller {
        owner: Some(Owner(connection)),
        ..NETWORK
    }
}

fn registry() -> Registry {
    Registry::new(limits(), [7; 16])
}

fn registration(name: &str, instance: u8, incarnation: u64) -> Registration {
    Registration {
        name: Bounded::new(name.to_owned()).unwrap(),
        program: 0x2000_0bab,
        version: 1,
        fingerprints: Bounded::new(vec![MethodFingerprint {
            procedure: 1,
            fingerprint: 99,
        }])
        .unwrap(),
        instance: [instance; 16],
        incarnation,
        store: None,
        endpoints: Bounded::new(vec![
            Bounded::new("tcp://127.0.0.1:7000".to_owned()).unwrap(),
        ])
        .unwrap(),
    }
}

fn seconds(seconds: u64) -> Time {
    Time::ZERO + Duration::from_secs(seconds)
}

/// The incarnations found under a name.
fn lives(registry: &mut Registry, now: Time, name: &str) -> Vec<u64> {
    registry
        .lookup(now, name)
        .iter()
        .map(|record| record.registration.incarnation)
        .collect()
}

#[test]
fn an_entry_lives_until_the_last_moment_of_its_lease() {
    let mut registry = registry();
    let lease = registry
        .handle_register(seconds(0), &NETWORK, registration("bank", 1, 1), 5_000)
        .unwrap();
    assert_eq!(
        (lease.length_ms, registry.poll_timeout()),
        (5_000, Some(seconds(5)))
    );
    let just_before = seconds(5) - Duration::from_nanos(1);
    assert_eq!(lives(&mut registry, just_before, "bank"), [1]);
    assert_eq!(
        registry.handle_renew(just_before, &NETWORK, lease.id),
        Some(lease)
    );
    assert_eq!(lives(&mut registry, seconds(5), "bank"), [1]);
    let end = just_before + 5 * SECOND;
    assert_eq!(registry.poll_timeout(), Some(end));
    assert_eq!(
        registry.handle_renew(end, &NETWORK, lease.id),
        None,
        "the end is not part of the lease"
    );
    assert!(registry.is_empty() && registry.poll_timeout().is_none());
}

#[test]
fn a_lease_is_cut_to_the_limits() {
    let mut registry = registry();
    for (asked, granted) in [(0, 1_000), (1_001, 1_001), (u32::MAX, 10_000)] {
        let lease = registry
            .handle_register(seconds(0), &NETWORK, registration("bank", 1, 1), asked)
            .unwrap();
        assert_eq!(lease.length_ms, granted);
    }
}

#[test]
fn repeating_a_registration_gives_the_same_lease_and_the_newer_contents() {
    let mut registry = registry();
    let first = registry
        .handle_register(seconds(0), &over(1), registration("bank", 1, 1), 5_000)
        .unwrap();
    let mut moved = registration("bank", 1, 1);
    moved.endpoints =
        Bounded::new(vec![Bounded::new("udp://127.0.0.1:9".to_owned()).unwrap()]).unwrap();
    let again = registry
        .handle_register(seconds(1), &over(2), moved.clone(), 5_000)
        .unwrap();
    assert_eq!(first.id, again.id);
    assert_eq!(
        registry.lookup(seconds(1), "bank")[0]
            .registration
            .endpoints,
        moved.endpoints
    );
    assert_eq!(
        registry.handle_owner_gone(seconds(1), Owner(1)),
        0,
        "it belongs to the second connection now"
    );
    assert_eq!(registry.handle_owner_gone(seconds(1), Owner(2)), 1);
}

#[test]
fn a_new_incarnation_replaces_the_old_one_and_keeps_it_out() {
    let mut registry = registry();
    let mut second_version = registration("bank", 1, 1);
    second_version.version = 2;
    registry
        .handle_register(seconds(0), &NETWORK, registration("bank", 1, 1), 9_000)
        .unwrap();
    let old = registry
        .handle_register(seconds(0), &NETWORK, second_version, 9_000)
        .unwrap();
    registry
        .handle_register(seconds(0), &NETWORK, registration("bank", 2, 7), 9_000)
        .unwrap();
    assert_eq!(lives(&mut registry, seconds(1), "bank"), [7, 1, 1]);

    registry
        .handle_register(seconds(1), &NETWORK, registration("bank", 1, 2), 9_000)
        .unwrap();
    assert_eq!(lives(&mut registry, seconds(1), "bank"), [2, 7]);
    assert_eq!(registry.handle_renew(seconds(1), &NETWORK, old.id), None);
    let late = registry.handle_register(seconds(1), &NETWORK, registration("bank", 1, 1), 9_000);
    assert_eq!(late, Err(RegisterError::Superseded));
    assert_eq!(
        lives(&mut registry, seconds(1), "bank"),
        [2, 7],
        "a refusal changes nothing"
    );
}

#[test]
fn a_server_restarted_very_often_takes_no_more_memory() {
    let mut registry = registry();
    for incarnation in 1..100 {
        registry
            .handle_register(
                seconds(0),
                &NETWORK,
                registration("bank", 1, incarnation),
                9_000,
            )
            .unwrap();
        registry.assert_invariants();
    }
    assert_eq!(
        registry.lookup(seconds(0), "bank")[0].earlier.len(),
        EARLIER
    );
    assert_eq!(registry.len(), 1);
}

#[test]
fn a_restarted_registry_gives_other_lease_numbers() {
    let register = |entropy| {
        let mut registry = Registry::new(limits(), entropy);
        registry
            .handle_register(seconds(0), &NETWORK, registration("bank", 1, 1), 9_000)
            .unwrap()
            .id
    };
    assert_eq!(register([1; 16]), register([1; 16]));
    assert_ne!(register([1; 16]), register([2; 16]));
}

#[test]
fn what_cannot_be_called_is_refused() {
    let mut registry = registry();
    let mut unreachable = registration("bank", 1, 1);
    unreachable.endpoints = Bounded::new(vec![]).unwrap();
    let refused = registry.handle_register(seconds(0), &NETWORK, unreachable, 9_000);
    assert_eq!(refused, Err(RegisterError::NoEndpoint));
    let refused =
        registry.handle_register(seconds(0), &NETWORK, registration("no spaces", 1, 1), 9_000);
    assert_eq!(refused, Err(RegisterError::BadName));
    assert!(registry.is_empty());
}

#[test]
fn a_full_registry_says_which_limit_is_reached_and_still_takes_replacements() {
    let mut registry = registry();
    for instance in 0..4 {
        registry
            .handle_register(
                seconds(0),
                &NETWORK,
                registration("bank", instance, 1),
                9_000,
            )
            .unwrap();
    }
    let refused = registry.handle_register(seconds(0), &NETWORK, registration("bank", 4, 1), 9_000);
    assert_eq!(refused, Err(RegisterError::Full { limit: 4 }));
    registry
        .handle_register(seconds(0), &NETWORK, registration("bank", 3, 2), 9_000)
        .unwrap();
    registry
        .handle_register(seconds(1), &NETWORK, registration("bank", 3, 2), 9_000)
        .unwrap();
    assert_eq!(lives(&mut registry, seconds(1), "bank"), [2, 1, 1, 1]);
}

#[test]
fn the_list_comes_in_pages_that_divide_no_name() {
    let mut registry = registry();
    for (name, instance) in [("a", 1), ("bank", 1), ("bank", 2), ("bank", 3), ("echo", 1)] {
        registry
            .handle_register(seconds(0), &NETWORK, registration(name, instance, 1), 9_000)
            .unwrap();
    }
    let names = |page: &[&Record]| {
        page.iter()
            .map(|record| record.registration.name.to_string())
            .collect::<Vec<_>>()
    };
    let (page, more) = registry.list(seconds(0), "");
    assert_eq!(
        (names(&page), more),
        (
            ["a", "bank", "bank", "bank"].map(str::to_owned).to_vec(),
            true
        )
    );
    let (page, more) = registry.list(seconds(0), "BANK");
    assert_eq!((names(&page), more), (vec!["echo".to_owned()], false));
    assert_eq!(registry.near("bnak", 3), ["bank"]);
}
