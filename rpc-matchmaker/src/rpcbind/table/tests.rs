//! Rows for the table.

use super::*;

fn row(program: u32, version: u32, netid: &str, address: &str, owner: Owner) -> Row {
    Row {
        program,
        version,
        netid: netid.to_owned(),
        address: address.to_owned(),
        owner,
    }
}

fn root(program: u32, version: u32, netid: &str, address: &str) -> Row {
    row(program, version, netid, address, Owner::Superuser)
}

fn listed(table: &Table) -> Vec<(u32, u32, &str, &str)> {
    let rows = table.rows().into_iter();
    rows.map(|row| (row.program, row.version, &*row.netid, &*row.address))
        .collect()
}

#[test]
fn an_address_is_entered_once() {
    let mut table = Table::default();
    for (entry, expected) in [
        (root(7, 1, "tcp", "0.0.0.0.8.1"), Ok(())),
        (root(7, 1, "tcp", "0.0.0.0.8.1"), Ok(())),
        (root(7, 1, "TCP", "0.0.0.0.8.1"), Ok(())),
        (root(7, 1, "tcp", "0.0.0.0.8.2"), Err(Refusal::Taken)),
        (root(7, 2, "tcp", "0.0.0.0.8.2"), Ok(())),
        (root(7, 1, "udp", "0.0.0.0.8.2"), Ok(())),
        (root(8, 1, "x25", "anything at all"), Ok(())),
        (root(9, 1, "", "0.0.0.0.8.1"), Err(Refusal::BadText)),
        (root(9, 1, "tcp", ""), Err(Refusal::BadText)),
        (root(9, 1, "tcp", "\x1b[2J"), Err(Refusal::BadText)),
        (root(9, 1, "tcp", "größer"), Err(Refusal::BadText)),
        (root(9, 1, "tcp", &"1".repeat(129)), Err(Refusal::BadText)),
        (root(9, 1, &"t".repeat(33), "1"), Err(Refusal::BadText)),
    ] {
        let text = format!("{entry:?}");
        assert_eq!(table.set(entry), expected, "{text}");
    }
    assert_eq!(
        listed(&table),
        [
            (7, 1, "tcp", "0.0.0.0.8.1"),
            (7, 2, "tcp", "0.0.0.0.8.2"),
            (7, 1, "udp", "0.0.0.0.8.2"),
            (8, 1, "x25", "anything at all"),
        ]
    );
}

#[test]
fn what_is_asked_for_is_found_or_another_version_of_it() {
    let mut table = Table::default();
    for entry in [
        root(7, 2, "tcp", "a"),
        root(7, 4, "tcp", "b"),
        root(7, 3, "udp", "c"),
    ] {
        table.set(entry).unwrap();
    }
    for (version, netid, expected) in [
        (2, "tcp", Some("a")),
        (4, "tcp", Some("b")),
        (4, "TCP", Some("b")),
        (9, "tcp", Some("b")),
        (2, "udp", Some("c")),
        (2, "tcp6", None),
    ] {
        let found = table.find(7, version, netid).map(|row| &*row.address);
        assert_eq!(found, expected, "version {version} over {netid}");
    }
    assert_eq!(table.find(8, 2, "tcp"), None);
}

#[test]
fn rows_are_removed_by_root_and_their_owner() {
    use Owner::*;
    for (netid, caller, expected, left) in [
        (None, Superuser, true, 1),
        (None, User(7), false, 4),
        (Some("tcp"), User(7), true, 3),
        (Some("TCP"), User(7), true, 3),
        (Some("tcp"), User(8), false, 4),
        (Some("tcp"), Unknown, false, 4),
        (Some("udp"), User(7), false, 4),
        (Some("udp"), Unknown, true, 3),
        (Some("udp6"), Unknown, true, 4),
    ] {
        let mut table = Table::default();
        for (version, netid, owner) in [
            (1, "tcp", User(7)),
            (1, "udp", Unknown),
            (1, "local", User(7)),
            (2, "tcp", User(8)),
        ] {
            table.set(row(7, version, netid, "x", owner)).unwrap();
        }
        let removed = table.unset(7, 1, netid, caller);
        assert_eq!(
            (removed, table.rows().len()),
            (expected, left),
            "{netid:?} {caller}"
        );
    }
}

fn proven(number: u64) -> Place {
    Place {
        is_proven: true,
        is_root: false,
        number,
    }
}

fn of_root(number: u64) -> Place {
    Place {
        is_root: true,
        ..proven(number)
    }
}

#[test]
fn servers_of_the_matchmaker_are_shown_behind_what_was_set() {
    let mut table = Table::default();
    table.show(
        1,
        proven(1),
        vec![root(7, 1, "tcp", "old"), root(7, 1, "udp", "u")],
    );
    table.show(2, proven(2), vec![root(7, 1, "tcp", "new")]);
    assert_eq!(listed(&table), [(7, 1, "tcp", "new"), (7, 1, "udp", "u")]);
    assert_eq!(table.find(7, 1, "tcp").unwrap().address, "new");
    // What a server of the matchmaker has is no obstacle to SET by root, and is back after UNSET.
    table.set(root(7, 1, "TCP", "set")).unwrap();
    assert_eq!(listed(&table), [(7, 1, "TCP", "set"), (7, 1, "udp", "u")]);
    assert!(table.unset(7, 1, None, Owner::Superuser));
    assert_eq!(listed(&table), [(7, 1, "tcp", "new"), (7, 1, "udp", "u")]);
    // The exact version of a shown one comes before another version that was set, and that before another one shown.
    table.set(root(7, 3, "tcp", "three")).unwrap();
    let find = |version| table.find(7, version, "tcp").unwrap().address.clone();
    assert_eq!(
        (find(1), find(3), find(4)),
        ("new".into(), "three".into(), "three".into())
    );
    assert!(table.hide(2) && !table.hide(2));
    assert_eq!(table.find(7, 1, "tcp").unwrap().address, "old");
}

#[test]
fn a_shown_server_is_displaced_by_its_owner_and_root() {
    use Owner::*;
    for (shown, caller, expected) in [
        (Superuser, Superuser, Ok(())),
        (Superuser, User(7), Err(Refusal::Taken)),
        (Superuser, Unknown, Err(Refusal::Taken)),
        (User(7), Superuser, Ok(())),
        (User(7), User(7), Ok(())),
        (User(7), User(8), Err(Refusal::Taken)),
        (User(7), Unknown, Err(Refusal::Taken)),
        (Unknown, Unknown, Ok(())),
    ] {
        let mut table = Table::default();
        table.show(1, proven(1), vec![row(7, 1, "tcp", "shown", shown)]);
        // Of the same owner as the caller, and in front: the one behind it is an obstacle all the same.
        table.show(2, proven(2), vec![row(7, 1, "tcp", "front", caller)]);
        let set = |table: &mut Table, netid| table.set(row(7, 1, netid, "set", caller));
        assert_eq!(set(&mut table, "TCP"), expected, "{shown} {caller}");
        assert_eq!(set(&mut table, "udp"), Ok(()), "{shown} {caller}");
        table.hide(1);
        assert_eq!(set(&mut table, "tcp"), Ok(()), "{shown} {caller}");
    }
}

/// A user was there first, by SET, at the matchmaker, or both.
#[test]
fn roots_server_is_found_whoever_came_first() {
    use Owner::*;
    for (set, first) in [(User(7), 1), (Unknown, 1), (User(7), 2)] {
        let mut table = Table::default();
        table.set(row(7, 1, "TCP", "set", set)).unwrap();
        table.set(row(7, 1, "udp", "set", set)).unwrap();
        table.show(first, proven(first), vec![row(7, 1, "tcp", "user", set)]);
        table.show(9, of_root(3 - first), vec![root(7, 1, "tcp", "root")]);
        assert_eq!(table.find(7, 1, "tcp").unwrap().address, "root");
        assert_eq!(table.find(7, 8, "tcp").unwrap().address, "root");
        assert_eq!(
            listed(&table),
            [(7, 1, "udp", "set"), (7, 1, "tcp", "root")]
        );
        assert_eq!(
            table.set(row(7, 1, "tcp", "set anew", User(8))),
            Err(Refusal::Taken)
        );
        // Its owner may still remove what is hidden; and it is back when root's server has gone.
        table.hide(9);
        assert_eq!(table.find(7, 1, "tcp").unwrap().address, "set");
    }
}

#[test]
fn servers_are_shown_in_the_order_of_the_registry() {
    let network = |number| Place {
        is_proven: false,
        is_root: false,
        number,
    };
    for (places, expected) in [
        ([proven(1), proven(2)], "second"),
        ([proven(2), proven(1)], "first"),
        ([proven(1), network(2)], "first"),
        ([network(1), network(2)], "second"),
        ([network(2), proven(1)], "second"),
        ([of_root(1), proven(2)], "first"),
        ([of_root(1), of_root(2)], "second"),
        ([network(2), of_root(1)], "second"),
    ] {
        let mut table = Table::default();
        for (lease, place) in (0..).zip(places) {
            let address = ["first", "second"][lease as usize];
            // Of several endpoints of one transport, the first.
            let rows = vec![
                root(7, 1, "tcp", address),
                root(7, 1, "udp", address),
                root(7, 1, "tcp", "further"),
            ];
            assert!(table.show(lease, place, rows));
        }
        assert_eq!(
            listed(&table),
            [(7, 1, "tcp", expected), (7, 1, "udp", expected)],
            "{places:?}"
        );
    }
}

#[test]
fn nobody_fills_what_is_shown() {
    let mut table = Table::default();
    let mut fill = |owner: Owner, from: u32| {
        let fits = |lease: &u32| {
            let rows = vec![row(*lease, 1, "tcp", "0.0.0.0.8.1", owner)];
            table.show((*lease).into(), proven((*lease).into()), rows)
        };
        (from..from + 10_000).take_while(fits).count()
    };
    assert_eq!(fill(Owner::User(1), 0), most_of_one(MOST_SHOWN) / 44);
    let others: usize = (2..9).map(|uid| fill(Owner::User(uid), 10_000 * uid)).sum();
    assert!(others > 0 && fill(Owner::User(9), 200_000) == 0);
    assert!(fill(Owner::Superuser, 300_000) >= 300);
    // Root has filled the whole. What ends makes room for what was left out.
    let mut late = |lease| table.show(lease, proven(lease), vec![root(5, 1, "tcp", "late")]);
    assert!(!late(900_000));
    table.hide(300_000);
    assert!(table.show(900_000, proven(900_000), vec![root(5, 1, "tcp", "late")]));
    assert_eq!(table.find(5, 1, "tcp").unwrap().address, "late");
}

#[test]
fn nobody_fills_the_table() {
    let mut table = Table::default();
    let mut fill = |owner: Owner, programs: std::ops::Range<u32>| {
        let mut entered = 0;
        for program in programs {
            match table.set(row(program, 1, "tcp", "0.0.0.0.8.1", owner)) {
                Ok(()) => entered += 1,
                Err(refusal) => {
                    assert_eq!(refusal, Refusal::Full);
                    break;
                }
            }
        }
        entered
    };
    // 12 bytes of numbers, 8 of `tcp`, 16 of the address and 8 or 16 of the owner.
    assert_eq!(fill(Owner::User(1), 0..10_000), most_of_one(MOST_SET) / 44);
    assert_eq!(
        fill(Owner::Unknown, 10_000..20_000),
        most_of_one(MOST_SET) / 48
    );
    let others: usize = (2..9)
        .map(|uid| fill(Owner::User(uid), 20_000 * uid..20_000 * (uid + 1)))
        .sum();
    assert!(others > 0 && fill(Owner::User(9), 900_000..900_001) == 0);
    assert!(fill(Owner::Superuser, 1_000_000..1_010_000) >= 900);
    let shown = (0..10_000)
        .map(|netid| root(7, 9, &format!("t{netid}"), "x"))
        .collect();
    table.show(1, proven(1), shown);
    let length: usize = table.rows().into_iter().map(|row| 4 + row.length()).sum();
    assert!((MOST * 9 / 10..=256 * 1024).contains(&length), "{length}");
}
