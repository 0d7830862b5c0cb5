//! What listens there and is no server of ours.

use std::io::{ErrorKind as Io, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};

use super::*;
use crate::endpoint::Endpoint;
use crate::error::ConnectError;

/// What a client is told that connects to `endpoint`, and gives a link up after so long a silence.
fn told(endpoint: &Endpoint, silence: Duration, patience: Duration) -> (Io, String) {
    let config = Config {
        silence,
        ..Config::default()
    };
    let resolver = Arc::new(endpoint.clone());
    let engine = Engine::connect(endpoint.clone(), resolver, &INTERFACE, patience, config);
    match engine.err().expect("no server of ours is there") {
        ConnectError::Unreachable { endpoint, source } => {
            (source.kind(), format!("{endpoint} {source}"))
        }
        other => panic!("{other}"),
    }
}

/// A listener that does this with each connection, for as long as the test program runs.
fn stranger(mut serve: impl FnMut(TcpStream) + Send + 'static) -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let endpoint = format!("tcp://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || listener.incoming().flatten().for_each(&mut serve));
    endpoint.parse().expect("an endpoint")
}

/// Which of us ended the connection, and what came before, tells a wrong port from a server that was stopped.
#[test]
fn connecting_to_what_is_no_server_tells_how_it_behaves() {
    let mut held = Vec::new();
    let silent = stranger(move |stream| held.push(stream));
    let closing = stranger(|mut stream| {
        // All is read that comes, or else the system says that the connection was reset.
        let _ = stream.read(&mut [0; 4096]);
    });
    let web = stranger(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let deaf = UdpSocket::bind("127.0.0.1:0").expect("bound");
    let datagrams = format!("udp://{}", deaf.local_addr().expect("an address"));
    let datagrams = datagrams.parse().expect("an endpoint");
    let (brief, second) = (Duration::from_millis(60), Duration::from_secs(1));
    let rows = [
        (
            &silent,
            brief,
            AMPLE,
            Io::TimedOut,
            "nothing was answered for ",
        ),
        (
            &closing,
            AMPLE,
            AMPLE,
            Io::UnexpectedEof,
            "closes it without an answer",
        ),
        (
            &web,
            AMPLE,
            second,
            Io::InvalidData,
            "answers, but nothing that is understood in ",
        ),
        (
            &datagrams,
            brief,
            second,
            Io::TimedOut,
            "nothing was answered for ",
        ),
    ];
    for (endpoint, silence, patience, kind, part) in rows {
        let (found, text) = told(endpoint, silence, patience);
        assert_eq!(found, kind, "{text}");
        assert!(text.contains(part), "{text}");
        assert!(text.starts_with(&endpoint.to_string()), "{text}");
    }
}
