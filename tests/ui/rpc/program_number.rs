#[rpc_core::rpc(program = "clock", version = 1)]
trait Named {}

#[rpc_core::rpc(program = 0x1_0000_0000, version = 1)]
trait Large {}

#[rpc_core::rpc(program = 1, version = -1)]
trait Negative {}

#[rpc_core::rpc(program = 1, version = 1.5)]
trait Half {}

fn main() {}
