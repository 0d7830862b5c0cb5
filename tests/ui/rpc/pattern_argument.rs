#[rpc_core::rpc(program = 1, version = 1)]
trait Plane {
    fn area(&self, (width, height): (u32, u32)) -> u32;
    fn ignore(&self, _: u32);
    fn count(&self, mut from: u32);
    fn lend(&self, ref name: u32);
}

fn main() {}
