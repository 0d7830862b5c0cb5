use std::fmt::Display;

#[rpc_core::rpc(program = 1, version = 1)]
trait Everything {
    fn object(&self, shown: Box<dyn Display>);
    fn pointer(&self, start: *const u8);
    fn function(&self, then: fn(u32) -> u32);
    fn never(&self) -> !;
    fn text(&self, name: str) -> str;
    fn bytes(&self, data: [u8]) -> [u8];
}

fn main() {}
