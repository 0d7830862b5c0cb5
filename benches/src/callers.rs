//! Many callers at one time.

use crate::Outcome;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

/// How often `call` is done in a second by so many threads, each of which does it `each` times, one after the other.
/// `call` is given the number of its thread.
pub fn rate(
    callers: usize,
    each: usize,
    call: &(dyn Fn(usize) -> Outcome<()> + Sync),
) -> Outcome<f64> {
    let ready = Barrier::new(callers + 1);
    let work = |caller| {
        ready.wait();
        (0..each).try_for_each(|_| call(caller).map_err(|error| error.to_string()))
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..callers)
            .map(|caller| {
                scope.spawn({
                    let work = &work;
                    move || work(caller)
                })
            })
            .collect();
        ready.wait();
        let begun = Instant::now();
        for thread in threads {
            thread.join().map_err(|_| "a caller panicked")??;
        }
        Ok((callers * each) as f64 / begun.elapsed().as_secs_f64())
    })
}
