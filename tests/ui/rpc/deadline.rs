#[rpc_core::rpc(program = 1, version = 1)]
trait Clock {
    #[rpc(deadline = "5sec")]
    fn unit(&self);
    #[rpc(deadline = "0s")]
    fn zero(&self);
    #[rpc(deadline = "1194h")]
    fn long(&self);
    #[rpc(deadline = "1.5s")]
    fn fraction(&self);
    #[rpc(deadline = "500")]
    fn bare(&self);
    #[rpc(deadline = 500ms)]
    fn unquoted(&self);
    #[rpc(deadline = "1s", deadline = "2s")]
    fn twice(&self);
    #[rpc(deadline)]
    fn nothing(&self);
}

fn main() {}
