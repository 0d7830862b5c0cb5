//! `#[rpc(codec = "postcard")]`: plain serde types over every transport, with nothing of them known to XDR.

#![cfg(feature = "postcard")]

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rpc_core::describe::{Field, Type};
use rpc_core::{ErrorKind, Executed, Recovery, Server, rpc};
use serde::{Deserialize, Serialize};

/// Longer than any test takes that passes.
const AMPLE: Duration = Duration::from_secs(20);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Trip {
    days: RangeInclusive<u8>,
    stops: BTreeMap<String, (f64, f64)>,
    initial: char,
    mood: Mood,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Mood {
    Fine,
    Tired { since: u16 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Refused {
    Full(u32),
    Closed,
}

/// An alias, as people write them.
type Booked<T> = Result<T, Refused>;

/// Books trips.
#[rpc(program = 0x2000_0c0d, version = 1, codec = "postcard")]
trait Travel {
    #[rpc(exactly_once)]
    fn book(&self, trip: &Trip, seats: u32) -> Booked<Trip>;
    #[rpc(readonly)]
    fn join(&self, name: &str, marks: &[u8], trips: &[Trip], more: Option<Mood>) -> (String, u32);
    fn nothing(&self);
    fn unit(&self, text: String) -> ();
    #[rpc(oneway)]
    fn note(&self, line: &str, mood: Mood);
}

struct Agency(Mutex<Sender<(String, Mood)>>);

impl Travel for Agency {
    fn book(&self, trip: &Trip, seats: u32) -> Booked<Trip> {
        match seats {
            0 => Err(Refused::Closed),
            1..100 => Ok(trip.clone()),
            _ => Err(Refused::Full(99)),
        }
    }

    fn recover_book(&self, trip: &Trip, _seats: u32) -> Recovery<Booked<Trip>> {
        Recovery::Did(Ok(trip.clone()))
    }

    fn join(&self, name: &str, marks: &[u8], trips: &[Trip], more: Option<Mood>) -> (String, u32) {
        (format!("{name} {marks:?} {more:?}"), trips.len() as u32)
    }

    fn nothing(&self) {}

    fn unit(&self, _text: String) {}

    fn note(&self, line: &str, mood: Mood) {
        let notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes
            .send((line.to_owned(), mood))
            .expect("somebody listens");
    }
}

fn trip() -> Trip {
    Trip {
        days: 3..=9,
        stops: BTreeMap::from([("Bern".to_owned(), (46.9, 7.4))]),
        initial: 'ß',
        mood: Mood::Tired { since: 300 },
    }
}

fn check(travel: &TravelClient, notes: &Receiver<(String, Mood)>) {
    assert_eq!(
        travel.book(&trip(), 2).wait().expect("it is answered"),
        Ok(trip())
    );
    assert_eq!(
        travel.book(&trip(), 0).wait().expect("it is answered"),
        Err(Refused::Closed)
    );
    assert_eq!(
        travel.book(&trip(), 100).wait().expect("it is answered"),
        Err(Refused::Full(99))
    );
    let joined = travel.join("a", &[1, 255], &[trip(), trip()], Some(Mood::Fine));
    assert_eq!(
        joined.wait().expect("it is answered"),
        ("a [1, 255] Some(Fine)".to_owned(), 2)
    );
    travel.nothing().wait().expect("it is answered");
    travel
        .unit("text".to_owned())
        .wait()
        .expect("it is answered");
    travel.note("hello", Mood::Fine).send().expect("it is sent");
    assert_eq!(
        notes.recv_timeout(AMPLE).expect("it arrives"),
        ("hello".to_owned(), Mood::Fine)
    );
}

#[test]
fn serde_types_go_over_every_transport() {
    let socket = format!("unix:@codec-{}", std::process::id());
    for endpoint in [
        "tcp://127.0.0.1:0",
        "udp://127.0.0.1:0",
        "mem://codec",
        &socket,
    ] {
        let (notes, heard) = channel();
        let server = Server::builder()
            .serve(TravelService::new(Agency(Mutex::new(notes))))
            .memory_completions()
            .listen(endpoint)
            .start()
            .expect("started");
        let endpoint = server.endpoints()[0].to_string();
        check(
            &TravelClient::connect(&endpoint).expect("connected"),
            &heard,
        );
        server.shutdown(AMPLE).expect("all has ended");
    }
}

#[test]
fn serde_types_go_to_a_service_in_this_process_too() {
    let (notes, heard) = channel();
    check(&TravelClient::local(Agency(Mutex::new(notes))), &heard);
}

/// The same interface with another idea of what a trip is; neither fingerprints nor XDR can tell.
#[rpc(
    program = 0x2000_0c0d,
    version = 1,
    codec = "postcard",
    name = "Travel"
)]
trait OldTravel {
    #[rpc(exactly_once)]
    fn book(&self, trip: &str, seats: u32) -> Booked<String>;
}

#[test]
fn arguments_of_another_type_are_refused_and_nothing_runs() {
    let (notes, _heard) = channel();
    let server = Server::builder()
        .serve(TravelService::new(Agency(Mutex::new(notes))))
        .memory_completions()
        .listen("tcp://127.0.0.1:0")
        .start()
        .expect("started");
    let old = OldTravelClient::connect(&server.endpoints()[0].to_string()).expect("connected");
    let error = old.book("a trip", 1).wait().unwrap_err();
    let found = (error.kind(), error.executed());
    assert_eq!(found, (ErrorKind::BadArguments, Executed::No), "{error}");
}

/// What other languages see: one opaque item for each argument and one for the result, nothing for no result.
#[test]
fn the_descriptor_says_opaque() {
    let methods = TravelClient::INTERFACE.methods;
    let is_opaque = |ty: &Type| match ty {
        Type::Struct {
            fields: [Field { ty, .. }],
            ..
        } => matches!(ty(), Type::Opaque),
        _ => false,
    };
    for method in methods {
        assert!(
            method.args.iter().all(|arg| is_opaque((arg.ty)())),
            "{method:?}"
        );
    }
    let names = methods[1].args.iter().map(|arg| arg.name);
    assert!(names.eq(["name", "marks", "trips", "more"]));
    assert!(is_opaque((methods[0].result)()) && is_opaque((methods[3].result)()));
    assert!(matches!((methods[2].result)(), Type::Void));
}
