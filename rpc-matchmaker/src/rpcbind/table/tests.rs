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

#[test]
fn servers_of_the_matchmaker_are_shown_behind_what_was_set() {
    let mut table = Table::default();
    table.show(1, vec![root(7, 1, "tcp", "old"), root(7, 1, "udp", "u")]);
    table.show(2, vec![root(7, 1, "tcp", "new")]);
    assert_eq!(listed(&table), [(7, 1, "tcp", "new"), (7, 1, "udp", "u")]);
    assert_eq!(table.find(7, 1, "tcp").unwrap().address, "new");
    // What a server of the matchmaker has is no obstacle to SET, and is back after UNSET.
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
    table.show(2, Vec::new());
    assert_eq!(table.find(7, 1, "tcp").unwrap().address, "old");
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
    assert_eq!(fill(Owner::User(1), 0..10_000), MOST_OF_ONE / 44);
    assert_eq!(fill(Owner::Unknown, 10_000..20_000), MOST_OF_ONE / 48);
    let others: usize = (2..9)
        .map(|uid| fill(Owner::User(uid), 20_000 * uid..20_000 * (uid + 1)))
        .sum();
    assert!(others > 0 && fill(Owner::User(9), 900_000..900_001) == 0);
    assert!(fill(Owner::Superuser, 1_000_000..1_010_000) >= 900);
    let shown = (0..10_000)
        .map(|program| root(program, 9, "tcp", "x"))
        .collect();
    table.show(1, shown);
    let length: usize = table.rows().into_iter().map(|row| 4 + row.length()).sum();
    assert!((MOST * 9 / 10..=256 * 1024).contains(&length), "{length}");
}
