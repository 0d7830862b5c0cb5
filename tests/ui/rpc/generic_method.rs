#[rpc_core::rpc(program = 1, version = 1)]
trait Store {
    fn put<T>(&self, value: T);
    fn name<'a>(&self, name: &'a str);
    fn constant(&self)
    where
        Self: Sized;
}

fn main() {}
