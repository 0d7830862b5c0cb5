#[rpc_core::rpc(program = 1, version = 1)]
trait Machine {
    fn count(&self, of: usize);
    fn offset(&self) -> isize;
    fn inside(&self, all: &[(u8, Option<usize>)], rest: [isize; 4]) -> Result<Vec<usize>, ()>;
}

fn main() {}
