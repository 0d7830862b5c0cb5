macro_rules! methods {
    () => {
        fn now(&self) -> u64;
    };
}

#[rpc_core::rpc(program = 1, version = 1)]
trait Clock {
    methods!();
}

fn main() {}
