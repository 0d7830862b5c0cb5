#[rpc_core::rpc(program = 1, version = 1)]
trait Clock {
    fn now(&self) -> u64;
}

struct Watch;

#[rpc_core::rpc(program = 1, version = 1)]
impl Clock for Watch {
    fn now(&self) -> u64 {
        0
    }
}

#[rpc_core::rpc(program = 1, version = 1)]
fn now() -> u64 {
    0
}

fn main() {
    now();
}
