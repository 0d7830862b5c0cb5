use rpc_core::Context;

#[rpc_core::rpc(program = 1, version = 1)]
trait Who {
    fn last(&self, name: &str, cx: &Context);
    fn mutable(&self, cx: &mut Context);
    fn twice(&self, cx: &Context, again: &Context);
}

fn main() {}
