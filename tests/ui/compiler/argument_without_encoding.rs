pub struct Point {
    pub x: i32,
}

#[rpc_core::rpc(program = 1, version = 1)]
trait Plane {
    fn draw(&self, at: Point);
}

fn main() {}
