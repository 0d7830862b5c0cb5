#[rpc_core::rpc(program = 1, version = 1)]
trait Twice {
    #[rpc(procedure = 2)]
    fn second(&self);
    #[rpc(procedure = 1)]
    fn first(&self);
    fn counted(&self);
    #[rpc(procedure = 1)]
    fn again(&self);
    #[rpc(procedure = 0)]
    fn null(&self);
    #[rpc(procedure = 4_294_967_296)]
    fn large(&self);
}

fn main() {}
