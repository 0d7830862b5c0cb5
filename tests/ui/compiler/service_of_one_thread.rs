use std::cell::Cell;

#[rpc_core::rpc(program = 1, version = 1)]
trait Counter {
    fn count(&self) -> u64;
}

struct Tally(Cell<u64>);

impl Counter for Tally {
    fn count(&self) -> u64 {
        self.0.get()
    }
}

fn main() {}
