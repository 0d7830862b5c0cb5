pub struct Context;

#[rpc_core::rpc(program = 1, version = 1)]
trait Who {
    fn am_i(&self, cx: &Context) -> String;
}

fn main() {}
