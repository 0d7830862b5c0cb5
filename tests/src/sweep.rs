//! A simulation, for many seeds on many threads.

use clap::Args;
use std::sync::atomic::{AtomicU64, Ordering};

/// Which seeds, as the command line says it.
#[derive(Args, Debug)]
pub struct Sweep {
    /// How many seeds to run.
    #[arg(long, default_value_t = 1000)]
    pub seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// How many threads to use; one for each processor unless said otherwise.
    #[arg(long)]
    pub threads: Option<usize>,
}

/// What the worlds of many seeds came to together.
pub trait Sum: Default + Send {
    /// Adds what others came to.
    fn join(&mut self, other: Self);
}

/// A seed that failed, and how.
pub type Failure = (u64, String);

impl Sweep {
    /// Runs `world` for each seed until one fails, and gives what they came to with the first seed that failed.
    ///
    /// # Panics
    ///
    /// If `world` does.
    pub fn run<T: Sum>(
        &self,
        world: impl Fn(u64) -> (T, Option<String>) + Sync,
    ) -> (T, Option<Failure>) {
        let next = AtomicU64::new(0);
        // The first place that failed so far: later ones need not be run, earlier ones do, so that the first one is found.
        let failed = AtomicU64::new(u64::MAX);
        let work = || {
            let (mut total, mut first) = (T::default(), None);
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= self.seeds || place > failed.load(Ordering::Relaxed) {
                    return (total, first);
                }
                let (sum, violation) = world(self.seed.wrapping_add(place));
                total.join(sum);
                if let Some(violation) = violation {
                    failed.fetch_min(place, Ordering::Relaxed);
                    first.get_or_insert((place, violation));
                }
            }
        };
        let (mut all, mut failures) = (T::default(), Vec::new());
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.workers()).map(|_| scope.spawn(work)).collect();
            for worker in workers {
                let joined = worker.join();
                let (total, first) =
                    joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                all.join(total);
                failures.extend(first);
            }
        });
        let first = failures.into_iter().min_by_key(|(place, _)| *place);
        (
            all,
            first.map(|(place, violation)| (self.seed.wrapping_add(place), violation)),
        )
    }

    fn workers(&self) -> usize {
        let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.threads.unwrap_or_else(processors).max(1)
    }
}
