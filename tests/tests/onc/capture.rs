//! Wireshark's reading of what C programs and we say to each other, and of our sessions.

use crate::echo::EchoV2Client;
use crate::peers::{self, CServer, client, listening, output};
use rpc_core::Endpoint;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;
use testkit::{Running, alone, eventually};

/// How long anything may take that should happen soon: long enough for a busy machine.
const SOON: Duration = Duration::from_secs(20);

const FILE: &str = "/run/capture.pcapng";

/// Where sessions are opened, closed and asked about.
const SESSION_PROGRAM: u32 = 0x2052_5043;

/// What is said last.
const MARK: u64 = 0x6c61_7374_2077_6f72;

/// What has to be installed first, if anything.
fn missing_tool() -> Option<String> {
    peers::missing_tool()
        .or_else(|| testkit::missing_program(&["dumpcap", "tshark", "ip"]))
        .or_else(testkit::obstacle)
}

#[test]
fn wireshark_reads_every_message_and_finds_each_reply_its_call() {
    let test = "capture::wireshark_reads_every_message_and_finds_each_reply_its_call";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    if !alone(test, peers::built) {
        return;
    }
    let (ours, c) = (
        listening("capture"),
        CServer::start("c-capture", &["1", "2"]),
    );
    let capture = Capture::start();
    for endpoint in ours.endpoints() {
        output(client(endpoint).args(["count", "20"]));
        output(client(endpoint).arg("errors"));
        output(client(endpoint).args(["caller", "a-machine", "1", "2"]));
    }
    let there: Vec<String> = ours.endpoints().iter().map(Endpoint::to_string).collect();
    for endpoint in there.iter().chain(&c.endpoints) {
        let client = EchoV2Client::connect(endpoint).expect(endpoint);
        for number in 0..20 {
            assert_eq!(client.echo_id(number).wait().expect("it answers"), number);
        }
        let long = vec![7; 20_000];
        let found = client.echo_blob(long.clone()).wait();
        assert_eq!(found.expect("it answers"), long, "{endpoint}");
    }
    let last = EchoV2Client::connect(&there[0]).expect("it answers");
    last.echo_id(MARK).wait().expect("it answers");
    capture.end();
    let ports: Vec<String> = there
        .iter()
        .chain(&c.endpoints)
        .flat_map(|endpoint| decoding(endpoint))
        .collect();
    let count = |filter: &str| read(&ports, filter).lines().count();
    assert_eq!(read(&ports, "_ws.malformed"), "");
    // Of each kind there are many, or the rest would say nothing.
    let (calls, replies) = (count("rpc.msgtyp == 0"), count("rpc.msgtyp == 1"));
    assert!(
        calls >= 150 && replies >= 150,
        "{calls} calls, {replies} replies"
    );
    assert_eq!(read(&ports, "rpc.msgtyp == 1 && !rpc.repframe"), "");
    let sessions = count(&format!("rpc.program == {SESSION_PROGRAM}"));
    assert!(sessions > 4, "{sessions} messages of the session program");
}

/// What tshark is to take for RPC.
fn decoding(endpoint: &str) -> Vec<String> {
    let (transport, authority) = match endpoint.parse() {
        Ok(Endpoint::Tcp(authority)) => ("tcp", authority),
        Ok(Endpoint::Udp(authority)) => ("udp", authority),
        _ => return Vec::new(),
    };
    vec![
        "-d".to_owned(),
        format!("{transport}.port=={},rpc", authority.port()),
    ]
}

/// The frames of the capture that a filter lets through, a line each.
fn read(ports: &[String], filter: &str) -> String {
    let mut command = Command::new("tshark");
    command
        .args(["-r", FILE, "-o", "rpc.dissect_unknown_programs:TRUE"])
        .args(ports)
        .args(["-Y", filter]);
    output(&mut command)
}

/// All that goes over the loopback interface.
struct Capture(Running);

impl Capture {
    fn start() -> Self {
        let mut command = Command::new("dumpcap");
        command
            .args(["-i", "lo", "-w", FILE])
            .stderr(Stdio::piped());
        let mut process = Running(command.spawn().expect("it starts"));
        let errors = process.0.stderr.take().expect("it is piped");
        let mut lines = BufReader::new(errors).lines();
        let is_ready = lines.any(|line| line.is_ok_and(|line| line.contains(FILE)));
        assert!(is_ready, "dumpcap does not begin");
        // Goes on reading, so that it never loses its reader.
        std::thread::spawn(move || lines.count());
        Self(process)
    }

    /// Everything is in the file then.
    fn end(mut self) {
        let mark = MARK.to_be_bytes();
        eventually("the last message is in the file", SOON, || {
            let file = std::fs::read(FILE).ok()?;
            file.windows(mark.len())
                .any(|bytes| bytes == mark)
                .then_some(())
        });
        let id = Pid::from_child(&self.0.0);
        kill_process(id, Signal::INT).expect("it runs");
        let status = self.0.0.wait().expect("it is ours");
        assert!(status.success(), "dumpcap: {status}");
    }
}
