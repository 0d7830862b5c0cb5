//! The simulation runs the same in every run; that no seed violates a rule is `cargo xtask test simulation`'s to show.

use testkit::simulation;

#[test]
fn a_seed_replays_exactly() {
    for seed in 0..12 {
        let (first, second) = (simulation::run(seed), simulation::run(seed));
        assert_eq!(first.digest, second.digest, "seed {seed}");
        assert_eq!(first.steps, second.steps, "seed {seed}");
    }
}

#[test]
fn seeds_are_worlds_of_their_own() {
    assert_ne!(simulation::run(1).digest, simulation::run(2).digest);
}

/// With the machines' own assertions, which a release build leaves out.
#[test]
fn some_seeds_violate_no_rule() {
    for seed in 1_000_000..1_000_060 {
        let report = simulation::run(seed);
        assert_eq!(report.violation, None, "seed {seed}");
        assert!(
            report.calls >= 200,
            "seed {seed} has only {} calls",
            report.calls
        );
    }
}
