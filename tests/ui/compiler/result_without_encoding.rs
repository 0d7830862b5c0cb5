pub struct Point {
    pub x: i32,
}

#[derive(Debug)]
pub struct Lost;

#[rpc_core::rpc(program = 1, version = 1)]
trait Plane {
    fn where_is(&self, name: &str) -> Result<u32, Lost>;
    fn nearest(&self) -> Option<Point>;
}

fn main() {}
