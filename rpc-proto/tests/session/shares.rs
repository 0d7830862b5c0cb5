//! How peers without sessions share the room (P-6, P-7): whoever asks without end harms itself first.

use super::duplicates::{Asked, Desk, Took, datagram, nobody};
use rpc_proto::session::server::{Config, Done};
use std::time::Duration;

fn asked(host: &[u8], xid: u32) -> Asked {
    Asked {
        host: host.to_vec(),
        xid,
        ..datagram(nobody())
    }
}

fn with_room(bytes: usize) -> Desk {
    Desk::with(Config {
        max_plain_bytes: bytes,
        ..Config::default()
    })
}

/// Which of the first calls of a host are known still.
fn known(desk: &mut Desk, host: &[u8], calls: u32) -> Vec<u32> {
    let known = |xid: &u32| match desk.ask(&asked(host, *xid)) {
        Took::Answers(_) => true,
        Took::Runs => {
            desk.end(Done::Overloaded, &[]);
            false
        }
        other => panic!("{other:?}"),
    };
    (0..calls).filter(known).collect()
}

/// P-6: who is taken for the peer of whom, when another one's calls come to ten times the room.
#[test]
fn a_flood_pushes_out_what_is_of_its_own_peer() {
    let ipv6 = |network: u8, host: u8| [[network; 8], [host; 8]].concat();
    type Row<'a> = (&'a str, Vec<u8>, Vec<u8>, u64, bool);
    let rows: [Row; 5] = [
        ("itself", b"host".into(), b"host".into(), 0, false),
        ("another host", b"host".into(), b"tsoh".into(), 0, true),
        (
            "its host at another endpoint",
            b"host".into(),
            b"host".into(),
            1,
            true,
        ),
        ("a host of its network", ipv6(1, 1), ipv6(1, 2), 0, false),
        ("another network", ipv6(1, 1), ipv6(2, 1), 0, true),
    ];
    for (what, host, other, listener, is_kept) in rows {
        let mut desk = with_room(64 << 10);
        for xid in 0..10 {
            desk.ask_and_end(&asked(&host, xid), &[7; 500]);
        }
        for xid in 1000..2000 {
            let flood = asked(&other, xid);
            desk.ask_and_end(&Asked { listener, ..flood }, &[7; 500]);
        }
        let left = known(&mut desk, &host, 10);
        let expected = if is_kept { (0..10).collect() } else { vec![] };
        assert_eq!(left, expected, "{what} asks without end");
    }
}

/// P-6: those that want more than there is have about as much each, and their newest; nobody who wants less loses anything.
#[test]
fn peers_that_want_more_than_there_is_have_even_shares() {
    for floods in 1..=5 {
        let mut desk = with_room(64 << 10);
        let hosts: Vec<Vec<u8>> = (0..floods).map(|host| vec![host; 4]).collect();
        let modest = b"modest";
        for xid in 0..10 {
            desk.ask_and_end(&asked(modest, xid), &[7; 500]);
        }
        for xid in 0..500 {
            for host in &hosts {
                desk.ask_and_end(&asked(host, xid), &[7; 500]);
            }
        }
        // Each call takes its 500 bytes, a header and an entry; each peer something of its own.
        let shares = 80 / u32::from(floods);
        for host in &hosts {
            let known = known(&mut desk, host, 500);
            let first = known.first().copied().expect("some are known");
            assert_eq!(known, (first..500).collect::<Vec<_>>());
            let share = known.len() as u32;
            assert!(
                (shares - 4..=shares + 1).contains(&share),
                "{share} of {shares}"
            );
        }
        assert_eq!(known(&mut desk, modest, 10).len(), 10);
    }
}

/// P-6: among more peers than can be told apart by what they have, age decides, and who asked twice is no worse off.
#[test]
fn of_very_many_peers_the_oldest_calls_go_first() {
    let mut desk = with_room(1 << 20);
    let host = |number: u32| number.to_be_bytes();
    let modest = b"modest";
    for number in 0..3000 {
        desk.ask_and_end(&asked(&host(number), 0), &[7; 40]);
        if number == 2000 {
            for xid in 0..3 {
                desk.ask_and_end(&asked(modest, xid), &[7; 40]);
            }
        }
    }
    assert_eq!(known(&mut desk, modest, 3), [0, 1, 2]);
    let of = |number: &u32| !known(&mut desk, &host(*number), 1).is_empty();
    let known: Vec<u32> = (0..3000).filter(of).collect();
    let first = known.first().copied().expect("some are known");
    assert_eq!(known, (first..3000).collect::<Vec<_>>());
    assert!((500..1500).contains(&first), "{first}");
}

/// P-7: what peers get that come one after the other and want all places.
#[test]
fn nobody_has_more_places_than_are_left() {
    for (places, expected) in [
        (1, vec![1, 0]),
        (2, vec![1, 1, 0]),
        (3, vec![2, 1, 0]),
        (8, vec![4, 2, 1, 1, 0]),
        (1024, vec![512, 256, 128, 64]),
    ] {
        let mut desk = Desk::with(Config {
            max_plain_calls: places,
            ..Config::default()
        });
        let mut taken = Vec::new();
        for host in 0..expected.len() as u8 {
            let runs = |xid: &u32| desk.ask(&asked(&[host], *xid)) == Took::Runs;
            taken.push((0..2000).take_while(runs).count());
        }
        assert_eq!(taken, expected, "of {places}");
        let running: usize = taken.iter().sum();
        assert_eq!(desk.server.plain_calls_under_way(), running);
        for _ in 0..running {
            desk.end(Done::Returned, &[]).expect("a reply");
        }
        assert_eq!(desk.server.plain_calls_under_way(), 0);
        assert_eq!(desk.ask(&asked(&[0], 5000)), Took::Runs);
    }
}

/// P-5: an idle server is woken soon after the end of a call, and then when it is to be forgotten.
#[test]
fn an_idle_server_forgets_what_is_old_in_time() {
    for ran_for in [Duration::ZERO, Duration::from_secs(1000)] {
        let mut desk = Desk::new();
        assert_eq!(desk.ask(&asked(b"host", 1)), Took::Runs);
        assert_eq!(
            desk.server.poll_timeout(),
            None,
            "nothing is to be forgotten"
        );
        desk.now = desk.now + ran_for;
        desk.end(Done::Returned, &[]).expect("a reply");
        let ended = desk.now;
        let mut woken = 0;
        while let Some(due) = desk.server.poll_timeout() {
            assert!(
                due > desk.now || woken == 0,
                "it would be woken without end"
            );
            desk.now = desk.now.max(due);
            desk.server.handle_timeout(desk.now);
            woken += 1;
        }
        assert_eq!(woken, 2);
        let kept = desk.now.since(ended);
        let age = Config::default().plain_age;
        assert!(
            kept >= age && kept <= age + Duration::from_secs(1),
            "{kept:?}"
        );
        assert_eq!(desk.ask(&asked(b"host", 1)), Took::Runs);
    }
}
