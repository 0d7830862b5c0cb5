//! A call in steady state allocates nothing in the caller's thread: a bound that is easily lost and not seen otherwise.

use rpc_core::{Server, rpc};

#[rpc(program = 0x2000_0a10, version = 1)]
trait Adder {
    /// The sum.
    fn add(&self, one: u64, other: u64) -> u64;

    /// The bytes again.
    fn echo(&self, bytes: &[u8]) -> Vec<u8>;
}

struct Sum;

impl Adder for Sum {
    fn add(&self, one: u64, other: u64) -> u64 {
        one.wrapping_add(other)
    }

    fn echo(&self, bytes: &[u8]) -> Vec<u8> {
        bytes.to_vec()
    }
}

#[test]
fn a_call_in_steady_state_allocates_nothing_but_what_it_returns() {
    for endpoint in [
        "tcp://127.0.0.1:0",
        "udp://127.0.0.1:0",
        &format!("unix:@allocations-{}", std::process::id()),
        "mem://allocations",
    ] {
        let server = Server::builder()
            .serve(AdderService::new(Sum))
            .listen(endpoint)
            .start()
            .expect("started");
        let client = AdderClient::connect(&server.endpoints()[0].to_string()).expect("connected");
        let bytes = vec![7; 10_000];
        let add = |one| assert_eq!(client.add(one, 1).wait().expect("a sum"), one + 1);
        let echo = || assert_eq!(client.echo(&bytes).wait().expect("an echo"), bytes);
        // The first calls make the buffers that all later ones use.
        (0..50).for_each(add);
        (0..50).for_each(|_| echo());
        let numbers = allocation_counter::measure(|| (0..500).for_each(add));
        let echoes = allocation_counter::measure(|| (0..500).for_each(|_| echo()));
        // A timer that comes due in between may allocate, and on a busy machine some do; a call may not.
        assert!(numbers.count_total < 100, "{endpoint}: {numbers:?}");
        assert!(
            (500..600).contains(&echoes.count_total),
            "{endpoint}: {echoes:?}"
        );
    }
}
