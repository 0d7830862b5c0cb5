#[rpc_core::rpc(program = 1, version = 1)]
pub struct Clock;

fn main() {
    let _ = Clock;
}
