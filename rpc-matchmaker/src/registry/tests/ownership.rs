//! Who may do what with whose entries.

use super::{NETWORK, lives, over, registration, registry, seconds};
use crate::registry::{Caller, Owner, Registrant};
use rpc_core::matchmaker::RegisterError;

fn user(uid: u32) -> Caller {
    Caller {
        registrant: Registrant::User(uid),
        owner: Some(Owner(100 + u64::from(uid))),
        operator: uid == 0,
    }
}

fn elsewhere() -> Caller {
    Caller {
        registrant: Registrant::at([10, 0, 0, 9].into()),
        ..NETWORK
    }
}

#[test]
fn a_lease_is_of_use_to_whoever_may_have_it() {
    // (who registers, who comes with the lease, may renew, may withdraw)
    let rows = [
        (user(1000), user(1000), true, true),
        (user(1000), user(1001), false, false),
        (user(1000), user(0), false, true),
        (user(1000), NETWORK, false, false),
        (user(0), user(1000), false, false),
        (NETWORK, NETWORK, true, true),
        (NETWORK, elsewhere(), true, true),
        (NETWORK, user(1000), true, true),
    ];
    for (registering, coming, renews, withdraws) in rows {
        let mut registry = registry();
        let bank = registration("bank", 1, 1);
        let lease = registry.handle_register(seconds(0), &registering, bank, 5_000);
        let lease = lease.unwrap().id;
        let row = format!("{registering:?}, {coming:?}");
        let renewed = registry.handle_renew(seconds(1), &coming, lease);
        assert_eq!(renewed.is_some(), renews, "{row}");
        let withdrawn = registry.handle_withdraw(seconds(1), &coming, lease);
        assert_eq!(withdrawn, withdraws, "{row}");
        assert_eq!(registry.is_empty(), withdraws, "{row}");
    }
}

#[test]
fn a_name_is_dismissed_by_its_users_and_by_operators() {
    // Registered by users 1000 and 1001, and over the network. (who, how many are dismissed)
    let rows = [
        (user(1000), Some(1)),
        (user(1001), Some(1)),
        (user(1002), None),
        (user(0), Some(3)),
        (NETWORK, None),
    ];
    for (caller, expected) in rows {
        let mut registry = registry();
        for by in [user(1000), user(1001), NETWORK] {
            let bank = registration("bank", 1, 1);
            registry
                .handle_register(seconds(0), &by, bank, 5_000)
                .unwrap();
        }
        let dismissed = registry.handle_dismiss(seconds(1), &caller, "BANK");
        assert_eq!(dismissed, expected, "{caller:?}");
        assert_eq!(registry.len(), 3 - dismissed.unwrap_or(0) as usize);
        let nobody = registry.handle_dismiss(seconds(1), &caller, "nobody");
        assert_eq!(nobody, Some(0), "to dismiss what is not there is no error");
    }
}

#[test]
fn a_stranger_takes_no_place_by_claiming_an_instance() {
    let strangers = [user(1001), user(0), over(1), elsewhere()];
    for stranger in strangers {
        let mut registry = registry();
        let ours = registration("bank", 1, 1);
        registry
            .handle_register(seconds(0), &user(1000), ours, 5_000)
            .unwrap();
        // The instance is there for everybody to see.
        let theirs = registration("bank", 1, 2);
        registry
            .handle_register(seconds(1), &stranger, theirs, 5_000)
            .unwrap();
        let expected: &[u64] = match stranger.registrant {
            Registrant::User(_) => &[2, 1],
            Registrant::Address(_) => &[1, 2],
        };
        assert_eq!(lives(&mut registry, seconds(1), "bank"), expected);
        let again = registration("bank", 1, 1);
        let again = registry.handle_register(seconds(1), &user(1000), again, 5_000);
        assert!(again.is_ok(), "nor is the owner kept out");
    }
}

#[test]
fn one_registrant_fills_half_and_the_next_one_half_of_what_is_left() {
    let mut registry = registry();
    for (uid, expected) in [(1000, 5), (1001, 3), (1002, 1), (1003, 1), (1004, 0)] {
        let mut count = 0;
        let refused = loop {
            let name = format!("s{uid}-{count}");
            let new = registration(&name, 1, 1);
            match registry.handle_register(seconds(0), &user(uid), new, 5_000) {
                Ok(_) => count += 1,
                Err(refused) => break refused,
            }
            registry.assert_invariants();
        };
        assert_eq!(count, expected, "{uid}");
        let limit = if registry.len() == 10 { 10 } else { expected };
        assert_eq!(refused, RegisterError::Full { limit });
    }
}
