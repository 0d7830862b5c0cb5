#[rpc_core::rpc(program = 1, version = 1)]
trait Greeter {
    fn greet(&self) -> String {
        "hello".to_owned()
    }
}

fn main() {}
