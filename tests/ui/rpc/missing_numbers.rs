#[rpc_core::rpc(program = 1)]
trait Clock {
    fn now(&self) -> u64;
}

fn main() {
    let _ = ClockClient::INTERFACE;
}
