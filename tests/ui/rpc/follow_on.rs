//! What is wrong with one method does not make the rest of the program wrong.

#[rpc_core::rpc(program = 1, version = 1)]
trait Clock {
    fn now(&self) -> u64;
    fn set(&mut self, time: u64);
}

struct Watch;

impl Clock for Watch {
    fn now(&self) -> u64 {
        0
    }

    fn set(&mut self, _: u64) {}
}

fn main() {
    let _ = ClockClient::local(Watch).now();
    let _ = ClockService::new(Watch);
}
