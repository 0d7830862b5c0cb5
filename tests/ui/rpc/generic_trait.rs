#[rpc_core::rpc(program = 1, version = 1)]
trait Store<K, V>
where
    K: Ord,
{
    fn get(&self, key: u64) -> u64;
}

fn main() {}
