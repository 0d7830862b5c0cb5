//! C clients, and our server.

use crate::peers::{client, listening, missing_tool, output};
use crate::values::{methods, values};
use std::io::{Read, Write};
use std::process::{Command, Stdio};

#[test]
fn our_server_gives_back_the_values_of_a_c_client() {
    let test = "our_server_gives_back_the_values_of_a_c_client";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    let (server, values, methods) = (listening("values"), values(), methods());
    for endpoint in server.endpoints() {
        let found = ask(client(endpoint).arg("echo"), &values);
        assert_eq!(found.len(), values.len(), "{endpoint}");
        for ((number, sent), found) in values.iter().zip(&found) {
            let name = methods[*number as usize].0.name;
            assert_eq!(found, sent, "{name} over {endpoint}");
        }
    }
}

/// What the C client gets for each value.
fn ask(command: &mut Command, values: &[(u32, Vec<u8>)]) -> Vec<Vec<u8>> {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = piped.spawn().expect("it starts");
    let mut input = child.stdin.take().expect("it is piped");
    let mut output = child.stdout.take().expect("it is piped");
    let mut bytes = Vec::new();
    std::thread::scope(|scope| {
        // It answers while it reads, and would wait for ever if nobody took the answers.
        scope.spawn(move || {
            for (number, value) in values {
                let head = [number.to_be_bytes(), (value.len() as u32).to_be_bytes()].concat();
                // When the program ended early, its status says why the test fails.
                let _ = input.write_all(&head).and_then(|()| input.write_all(value));
            }
        });
        output.read_to_end(&mut bytes).expect("it can be read");
    });
    let status = child.wait().expect("it is ours");
    assert!(status.success(), "the C client: {status}");
    answers(&bytes)
}

fn answers(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut answers = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<4>() {
        let (answer, rest) = rest.split_at(u32::from_be_bytes(*head) as usize);
        answers.push(answer.to_vec());
        bytes = rest;
    }
    answers
}

/// `enum clnt_stat` of the C library.
#[test]
fn a_c_client_understands_each_refusal() {
    let test = "a_c_client_understands_each_refusal";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    let server = listening("refusals");
    let expected = "another program: 8\n\
        another version: 9 from 1 to 2\n\
        another procedure: 10\n\
        no colour: 11\n\
        a panic: 12\n\
        another flavour: 7 for 5\n\
        none of it: 0\n";
    for endpoint in server.endpoints() {
        let found = output(client(endpoint).arg("errors"));
        assert_eq!(found, expected, "{endpoint}");
    }
}

#[test]
fn a_c_client_says_who_it_is() {
    let test = "a_c_client_says_who_it_is";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    let server = listening("claims");
    let who = ["a-machine", "1000", "100", "4", "20", "24"];
    for endpoint in server.endpoints() {
        let found = output(client(endpoint).arg("caller").args(who));
        assert_eq!(found.trim(), who.join(" "), "{endpoint}");
    }
}
