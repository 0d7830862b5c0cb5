//! The audit is blind to nothing: each thing that is promised, broken once.

use super::*;
use crate::contract::{BankError, Receipt};
use crate::deed::{NOWHERE, Transfer};
use crate::ledger::Entry;

/// Requests of client 0: a transfer, a letter, a parcel, a transfer that is refused, one that panics.
const TRANSFER: u32 = 1;
const LETTER: u32 = 3;
const PARCEL: u32 = 5;
const REFUSED: u32 = 7;
const PANICS: u32 = 13;

fn request(number: u32) -> Request {
    Request { client: 0, number }
}

fn receipt(number: u64) -> Reply {
    let Deed::Transfer(Transfer { from, to, cents }) = request(TRANSFER).deed() else {
        panic!("it is a transfer")
    };
    Reply::Moved(Receipt {
        number,
        life: 1,
        from,
        to,
        cents,
    })
}

fn filed(place: u64) -> Filed {
    Filed { life: 1, place }
}

fn line(at: u64, number: u32, entry: Entry) -> Line {
    Line {
        at,
        request: request(number),
        entry,
    }
}

/// All five asked for and done as promised; the bank dies at 50.
fn good() -> Evidence {
    let answers = [
        (TRANSFER, receipt(1)),
        (LETTER, Reply::Filed(filed(0))),
        (PARCEL, Reply::Filed(filed(0))),
        (
            REFUSED,
            Reply::Refused(BankError::NoSuchAccount {
                account: NOWHERE,
                life: 1,
            }),
        ),
        (PANICS, Reply::Panicked),
    ];
    let mut evidence = Evidence {
        executions: [(request(TRANSFER), 1)].into(),
        letters: vec![(request(LETTER), filed(0))],
        parcels: vec![(request(PARCEL), filed(0))],
        deaths: vec![Some(50), None],
        ..Evidence::default()
    };
    for (number, reply) in answers {
        evidence
            .ledgers
            .push(line(10, number, Entry::Asked { issued: 0 }));
        evidence
            .ledgers
            .push(line(60, number, Entry::Answered(reply)));
    }
    evidence.accounts = balances(1);
    evidence
}

/// What the accounts hold when the transfer ran so often.
fn balances(times: u64) -> BTreeMap<u64, u64> {
    let Deed::Transfer(Transfer { from, to, cents }) = request(TRANSFER).deed() else {
        panic!("it is a transfer")
    };
    let mut accounts: BTreeMap<u64, u64> = (1..=ACCOUNTS)
        .map(|account| (account, OPENING_BALANCE))
        .collect();
    *accounts.get_mut(&from).expect("it exists") -= cents * times;
    *accounts.get_mut(&to).expect("it exists") += cents * times;
    accounts
}

#[test]
fn what_is_as_promised_is_found_so() {
    let verdict = Verdict::over(&good());
    assert_eq!(verdict.violations, Vec::<String>::new());
    let [transfers, letters, parcels] = verdict.tallies;
    assert_eq!(
        (transfers.asked, transfers.executed, transfers.answered),
        (3, 1, 3)
    );
    assert_eq!((letters.answered, parcels.answered), (1, 1));
    // The panic's reply does not say which life it comes from.
    assert_eq!(
        (verdict.interest.interrupted, verdict.interest.inherited),
        (5, 4)
    );
}

#[test]
fn each_broken_promise_is_found() {
    type Fault = fn(&mut Evidence);
    let faults: [(&str, Fault); 15] = [
        ("no silence", |it| {
            it.ledgers[1].entry = Entry::Silenced(String::new());
        }),
        ("ran 2 times", |it| {
            it.executions.insert(request(TRANSFER), 2);
            it.accounts = balances(2);
        }),
        ("nothing is left of it", |it| {
            it.executions.clear();
            it.accounts = balances(0);
        }),
        ("do not hold what", |it| it.accounts = balances(2)),
        ("nothing is left of it", |it| it.letters.clear()),
        ("ran 2 times, not 1", |it| {
            it.letters.push((request(LETTER), filed(1)));
        }),
        ("ran 1 times, not 0", |it| {
            it.executions.insert(request(REFUSED), 1);
        }),
        ("ran 1 times, not 0", |it| {
            it.executions.insert(request(PANICS), 1);
        }),
        ("was answered with", |it| it.parcels[0].1 = filed(7)),
        ("ended as", |it| {
            it.ledgers
                .push(line(70, TRANSFER, Entry::Repeated(receipt(2))));
        }),
        ("ended as", |it| {
            it.ledgers
                .push(line(70, PARCEL, Entry::Unknown(String::new())));
        }),
        ("have gaps", |it| {
            it.ledgers[1].entry = Entry::Answered(receipt(2));
        }),
        ("unknown outcome", |it| {
            it.ledgers[3].entry = Entry::Unknown("nobody knows".to_owned());
        }),
        ("never answered", |it| drop(it.ledgers.remove(1))),
        ("nobody asked", |it| {
            it.executions.insert(request(2), 1);
        }),
    ];
    for (expected, fault) in faults {
        let mut evidence = good();
        fault(&mut evidence);
        let violations = Verdict::over(&evidence).violations;
        assert!(
            violations.iter().any(|told| told.contains(expected)),
            "{expected}: {violations:?}"
        );
    }
}

#[test]
fn a_parcel_may_have_an_unknown_outcome_whether_it_was_filed_or_not() {
    for filed in [true, false] {
        let mut evidence = good();
        evidence.ledgers[5].entry = Entry::Unknown("nobody knows".to_owned());
        if !filed {
            evidence.parcels.clear();
        }
        let verdict = Verdict::over(&evidence);
        assert_eq!(verdict.violations, Vec::<String>::new());
        assert_eq!(verdict.tallies[Kind::Unrecovered as usize].unknown, 1);
    }
}

#[test]
fn a_call_without_a_name_may_end_in_a_long_silence() {
    let mut evidence = good();
    evidence.ledgers[1] = line(70_000_000, TRANSFER, Entry::Silenced(String::new()));
    let verdict = Verdict::over(&evidence);
    assert_eq!((verdict.violations, verdict.silenced), (Vec::new(), 1));
}
