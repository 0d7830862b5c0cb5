use super::*;
use crate::Context;
use crate::matchmaker::{
    DismissError, Entry, LookupError, Matchmaker, Page, RegisterError, RenewError, Sight,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// A matchmaker of which the test decides what it forgets and refuses.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Books>>);

#[derive(Default)]
struct Books {
    leases: BTreeMap<u64, Registration>,
    given: u64,
    /// For this name.
    refusal: Option<(&'static str, RegisterError)>,
    renewals: u32,
    longest_ms: Option<u32>,
}

impl Matchmaker for Fake {
    fn register(
        &self,
        _: &Context,
        registration: Registration,
        lease_ms: u32,
    ) -> Result<Lease, RegisterError> {
        let mut books = self.0.lock().unwrap();
        match books.refusal {
            Some((name, refusal)) if *registration.name == name => return Err(refusal),
            _ => {}
        }
        books.given += 1;
        let id = books.given;
        books.leases.insert(id, registration);
        Ok(Lease {
            id,
            length_ms: lease_ms.min(books.longest_ms.unwrap_or(9_000)),
        })
    }

    fn renew(&self, _: &Context, lease: u64) -> Result<Lease, RenewError> {
        let mut books = self.0.lock().unwrap();
        books.renewals += 1;
        let known = books.leases.contains_key(&lease);
        known
            .then_some(Lease {
                id: lease,
                length_ms: 9_000,
            })
            .ok_or(RenewError::UnknownLease)
    }

    fn withdraw(&self, _: &Context, lease: u64) -> bool {
        self.0.lock().unwrap().leases.remove(&lease).is_some()
    }

    fn lookup(&self, _: &Context, _: &str) -> Result<Vec<Entry>, LookupError> {
        Ok(Vec::new())
    }

    fn list(&self, _: &Context, _: &str) -> Page {
        Page {
            entries: Vec::new(),
            more: false,
        }
    }

    fn watch(&self, _: &Context, _: &str, known: u64, _: u32) -> Sight {
        Sight {
            generation: known,
            entries: Vec::new(),
            pause_ms: 0,
        }
    }

    fn dismiss(&self, _: &Context, _: &str) -> Result<u32, DismissError> {
        Ok(0)
    }
}

impl Fake {
    /// (name, version) of all entries.
    fn entries(&self) -> Vec<(String, u32)> {
        let books = self.0.lock().unwrap();
        books
            .leases
            .values()
            .map(|entry| (entry.name.to_string(), entry.version))
            .collect()
    }
}

const METHODS: &[crate::Method] = MatchmakerClient::INTERFACE.methods;
const BANK: Interface = Interface {
    name: "Bank",
    program: 0xbab,
    version: 1,
    methods: METHODS,
};
const AUDIT: Interface = Interface {
    name: "Audit",
    program: 0xbac,
    version: 4,
    methods: &[],
};
const IDENTITY: Identity = Identity {
    instance: [1; 16],
    incarnation: 7,
    store: None,
};

fn endpoints(texts: &[&str]) -> Vec<Endpoint> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn registrar(target: &str, fake: &Fake) -> Registrar {
    let endpoints = endpoints(&["tcp://127.0.0.1:1", "mem://bank"]);
    let matchmaker = at("127.0.0.1:4111");
    let services: &[&'static Interface] = &[&BANK, &AUDIT];
    let described = registrations(
        &matchmaker,
        (target_name(target), None),
        services,
        &endpoints,
        &IDENTITY,
    );
    let desk = MatchmakerClient::local(fake.clone());
    let places = matchmaker.clone().into();
    Registrar::with_desk(places, desk, matchmaker, described.unwrap())
}

fn at(text: &str) -> Endpoint {
    places::place(text).unwrap()
}

fn target_name(target: &str) -> &str {
    target.strip_prefix("match://").unwrap()
}

#[test]
fn each_service_is_registered_under_its_interfaces_name_or_the_one_given() {
    for (target, names) in [
        ("match://", ["Bank", "Audit"]),
        ("match://teller", ["teller", "teller"]),
    ] {
        let fake = Fake::default();
        registrar(target, &fake).register().unwrap();
        let expected = vec![(names[0].to_owned(), 1), (names[1].to_owned(), 4)];
        assert_eq!(fake.entries(), expected);
        let books = fake.0.lock().unwrap();
        let bank = &books.leases[&1];
        assert_eq!(bank.fingerprints.len(), METHODS.len());
        assert_eq!(bank.fingerprints[0].fingerprint, METHODS[0].fingerprint());
        let callable: Vec<&str> = bank
            .endpoints
            .iter()
            .map(|endpoint| endpoint.as_str())
            .collect();
        assert_eq!(
            callable,
            ["tcp://127.0.0.1:1"],
            "a name inside this process helps nobody outside"
        );
        assert_eq!(
            (bank.instance, bank.incarnation),
            (IDENTITY.instance, IDENTITY.incarnation)
        );
    }
}

#[test]
fn renewal_is_due_at_a_third_of_the_granted_lease() {
    let fake = Fake::default();
    let mut registrar = registrar("match://", &fake);
    let before = Instant::now();
    registrar.register().unwrap();
    let due = registrar.next_renewal();
    assert!(
        (before + Duration::from_secs(3)..=Instant::now() + Duration::from_secs(3)).contains(&due)
    );
    registrar.renew();
    assert!(registrar.next_renewal() >= due);
    assert_eq!(fake.0.lock().unwrap().renewals, 2);
    assert_eq!(
        fake.0.lock().unwrap().given,
        2,
        "nothing was registered twice"
    );
}

#[test]
fn what_a_restarted_matchmaker_does_not_know_is_registered_again() {
    let fake = Fake::default();
    let mut registrar = registrar("match://", &fake);
    registrar.register().unwrap();
    fake.0.lock().unwrap().leases.clear();
    registrar.renew();
    assert_eq!(fake.entries().len(), 2);
    registrar.renew();
    assert_eq!(fake.0.lock().unwrap().given, 4);
}

#[test]
fn a_refusal_is_told_at_the_start_and_tried_again_with_growing_pauses_later() {
    let fake = Fake::default();
    let mut registrar = registrar("match://", &fake);
    fake.0.lock().unwrap().refusal = Some(("Bank", RegisterError::Full { limit: 3 }));
    let refused = registrar.register().unwrap_err().to_string();
    assert_eq!(
        refused,
        "the matchmaker at tcp://127.0.0.1:4111 refuses `Bank`: it is full (its limit is 3)"
    );

    let mut pauses = Vec::new();
    for _ in 0..9 {
        let before = Instant::now();
        registrar.renew();
        pauses.push(registrar.next_renewal() - before);
    }
    assert!(
        pauses
            .windows(2)
            .all(|pair| pair[0] < pair[1] + Duration::from_millis(50)),
        "{pauses:?}"
    );
    assert!(
        pauses[0] < Duration::from_secs(1) && pauses[8] >= Duration::from_secs(3),
        "{pauses:?}"
    );
    assert!(
        pauses[8] < Duration::from_secs(4),
        "never longer than between renewals: {pauses:?}"
    );

    fake.0.lock().unwrap().refusal = None;
    registrar.renew();
    assert_eq!(fake.entries().len(), 2);
}

#[test]
fn a_service_that_is_refused_costs_the_others_nothing() {
    let fake = Fake::default();
    let mut registrar = registrar("match://", &fake);
    registrar.register().unwrap();
    fake.0.lock().unwrap().leases.clear();
    fake.0.lock().unwrap().refusal = Some(("Bank", RegisterError::Superseded));
    registrar.renew();
    assert_eq!(fake.entries(), [("Audit".to_owned(), 4)]);
    let renewals = fake.0.lock().unwrap().renewals;
    registrar.renew();
    assert_eq!(fake.0.lock().unwrap().renewals, renewals + 1);
}

#[test]
fn a_lease_of_no_length_is_not_renewed_without_a_pause() {
    let fake = Fake::default();
    fake.0.lock().unwrap().longest_ms = Some(0);
    let mut registrar = registrar("match://", &fake);
    let before = Instant::now();
    registrar.register().unwrap();
    assert!(registrar.next_renewal() >= before + FIRST_RETRY);
}

#[test]
fn withdrawing_leaves_nothing_behind() {
    let fake = Fake::default();
    let mut registrar = registrar("match://", &fake);
    registrar.register().unwrap();
    registrar.withdraw(Duration::from_secs(10));
    assert_eq!(fake.entries(), []);
}

#[test]
fn an_endpoint_that_nobody_else_can_call_is_not_registered() {
    let (here, there) = ("127.0.0.1:4111", "10.0.0.1:4111");
    let rows = [
        (
            here,
            &["tcp://127.0.0.1:1", "tcp://0.0.0.0:7000"][..],
            "tcp://0.0.0.0:7000 listens on every address, so clients cannot be told where it is; \
             name one with .advertise(\"tcp://HOST:7000\")",
        ),
        (
            here,
            &["mem://bank"],
            "there is no endpoint to register: listen on tcp:// or udp:// as well",
        ),
        (
            here,
            &[],
            "there is no endpoint to register: listen on tcp:// or udp:// as well",
        ),
        (
            there,
            &["unix:/run/bank.sock"],
            "there is no endpoint to register: listen on tcp:// or udp:// as well (clients of tcp://10.0.0.1:4111, which is no \
             loopback address, may be on other hosts than a Unix socket)",
        ),
    ];
    for (matchmaker, texts, expected) in rows {
        let matchmaker = at(matchmaker);
        let described = registrations(
            &matchmaker,
            ("", None),
            &[&BANK],
            &endpoints(texts),
            &IDENTITY,
        );
        assert_eq!(described.unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_unix_socket_is_registered_at_a_matchmaker_on_its_host_only() {
    let offered = endpoints(&["unix:/run/bank.sock", "unix:@bank", "tcp://127.0.0.1:1"]);
    let all = ["unix:/run/bank.sock", "unix:@bank", "tcp://127.0.0.1:1"];
    for (matchmaker, expected) in [
        ("127.0.0.1:4111", &all[..]),
        ("unix:@matchmaker", &all),
        ("[::1]:4111", &all),
        ("localhost:4111", &all),
        ("10.0.0.1:4111", &all[2..]),
        ("host.example:4111", &all[2..]),
    ] {
        let described =
            registrations(&at(matchmaker), ("", None), &[&BANK], &offered, &IDENTITY).unwrap();
        let registered = described[0].endpoints.iter().map(|text| text.as_str());
        assert!(registered.eq(expected.iter().copied()), "{matchmaker}");
    }
}

#[test]
fn only_a_matchmaker_can_be_registered_at() {
    let target = "tcp://127.0.0.1:1".parse().unwrap();
    let error = Registrar::new(
        &target,
        &[&BANK],
        &endpoints(&["tcp://127.0.0.1:1"]),
        &IDENTITY,
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "tcp://127.0.0.1:1 is no matchmaker and no rpcbind; write match://[host:port/][name], match://[name]?at=unix:/path or rpcbind://"
    );
}

#[test]
fn one_version_alone_may_be_registered() {
    let offered = endpoints(&["tcp://127.0.0.1:1"]);
    let services: &[&'static Interface] = &[&BANK, &AUDIT];
    let described = |version| {
        let here = at("127.0.0.1:4111");
        registrations(&here, ("teller", version), services, &offered, &IDENTITY)
    };
    let versions = |version| -> Vec<u32> {
        let described = described(version).unwrap();
        described.iter().map(|one| one.version).collect()
    };
    assert_eq!(versions(None), [1, 4]);
    assert_eq!(versions(Some(4)), [4]);
    assert_eq!(
        described(Some(2)).unwrap_err().to_string(),
        "there is nothing to register: no service of this server has version 2"
    );
}
