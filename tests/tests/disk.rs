//! The embedded completion store on a disk that crashes. `cargo xtask test disk` runs many more seeds than these.

use testkit::disk;

#[test]
fn a_seed_replays_exactly() {
    for seed in 0..8 {
        let (first, second) = (disk::run(seed), disk::run(seed));
        assert_eq!(first.digest, second.digest, "seed {seed}");
    }
}

/// With the database's own assertions, which a release build leaves out.
#[test]
fn some_seeds_break_no_promise() {
    for seed in 1_000_000..1_000_060 {
        let report = disk::run(seed);
        assert_eq!(report.violation, None, "seed {seed}");
    }
}
