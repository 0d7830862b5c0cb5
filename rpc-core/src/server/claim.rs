//! Who may work on a source of events: at most one thread, and no event is ever lost.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a source has to offer or ask for, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ready(u64);

impl Ready {
    /// There may be something to read.
    pub(crate) const READ: Ready = Ready(0b001);
    /// There may be room to write.
    pub(crate) const WRITE: Ready = Ready(0b010);
    /// The peer has gone, or has said that it sends nothing more: read to the very end.
    pub(crate) const HANGUP: Ready = Ready(0b100);
    pub(crate) const NONE: Ready = Ready(0);

    pub(crate) const fn with(self, other: Ready) -> Ready {
        Ready(self.0 | other.0)
    }

    pub(crate) const fn has(self, other: Ready) -> bool {
        self.0 & other.0 != 0
    }
}

/// The right to work on one source, in one atomic word: free, held, or held and ready again.
///
/// An edge-triggered epoll says once that a source became ready. So the thread that takes such an event must either
/// get the claim, or leave the event in the word for the holder, who looks there before letting go
/// ([`release`](Self::release)). Both are one atomic step, hence no event falls between them.
///
/// Every change of hands gets a new number, the [`Hold`]. [`steal`](Self::steal) names the hold that it means to end,
/// so it never takes a claim away from a thread that came by it in the meantime; and a thread that came back from a
/// long handler learns from its own number that the claim is no longer its.
///
/// Layout: bits 0 to 2 what is ready again, bit 3 held, the rest the number of the hold.
#[derive(Debug, Default)]
pub(crate) struct Claim(AtomicU64);

const READY: u64 = 0b0111;
const HELD: u64 = 0b1000;
const HOLD: u64 = 0b1_0000;

/// The number of one holding of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hold(u64);

impl Hold {
    /// The number as such, for a place that other threads read.
    pub(crate) fn number(self) -> u64 {
        self.0
    }

    pub(crate) fn from_number(number: u64) -> Self {
        Hold(number)
    }
}

/// What came of letting a claim go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Released {
    /// It is free.
    Free,
    /// Something became ready meanwhile; the claim is still held, and this is what to do.
    Again(Ready),
    /// It was taken over some time ago; there is nothing to let go.
    Lost,
}

impl Claim {
    /// Records an event. `Some` when the claim was free: the caller now holds it, and has `ready` to see to.
    pub(crate) fn notify(&self, ready: Ready) -> Option<Hold> {
        let step = |word: u64| {
            if word & HELD == 0 {
                (word + HOLD) | HELD
            } else {
                word | ready.0
            }
        };
        let before = self.update(|word| Some(step(word)));
        before
            .filter(|word| word & HELD == 0)
            .map(|word| hold_of(step(word)))
    }

    /// Lets go, unless something became ready in the meantime.
    pub(crate) fn release(&self, hold: Hold) -> Released {
        let before = self.update(|word| match word {
            _ if hold_of(word) != hold || word & HELD == 0 => None,
            _ if word & READY == 0 => Some(word & !HELD),
            _ => Some(word & !READY),
        });
        match before {
            None => Released::Lost,
            Some(word) if word & READY == 0 => Released::Free,
            Some(word) => Released::Again(Ready(word & READY)),
        }
    }

    /// Takes the claim from `hold`, if that is still the one. What became ready meanwhile comes with it.
    pub(crate) fn steal(&self, hold: Hold) -> Option<(Hold, Ready)> {
        let step = |word: u64| (word & !READY) + HOLD;
        let before =
            self.update(|word| (hold_of(word) == hold && word & HELD != 0).then(|| step(word)))?;
        Some((hold_of(step(before)), Ready(before & READY)))
    }

    /// Whether `hold` still stands.
    pub(crate) fn is_held_by(&self, hold: Hold) -> bool {
        let word = self.0.load(Ordering::Acquire);
        word & HELD != 0 && hold_of(word) == hold
    }

    /// One atomic step; the word before it, or none when `step` declined.
    fn update(&self, step: impl Fn(u64) -> Option<u64>) -> Option<u64> {
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, step)
            .ok()
    }
}

fn hold_of(word: u64) -> Hold {
    Hold(word / HOLD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// One thread of the model, between two atomic steps.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    enum Thread {
        /// Waits for an event.
        Idle,
        /// Has taken this event from epoll and not told the claim yet.
        Took(u64),
        /// Holds the claim, or believes so, and has this to see to.
        Works(u64, u64),
        /// Has seen to everything that it knew of and is about to let go.
        Done(u64),
    }

    /// The whole model: the word, what epoll has to report, the threads, and the events that nobody has seen to.
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    struct World {
        word: u64,
        reported: Vec<u64>,
        threads: [Thread; 3],
        unseen: u64,
        steals: u32,
    }

    impl World {
        fn claim(&self) -> Claim {
            Claim(AtomicU64::new(self.word))
        }

        /// Each world that one atomic step leads to.
        fn next(&self) -> Vec<World> {
            let mut worlds = Vec::new();
            for (index, thread) in self.threads.iter().enumerate() {
                match *thread {
                    Thread::Idle => worlds.extend(self.take_event(index)),
                    Thread::Took(ready) => worlds.push(self.tell(index, ready)),
                    Thread::Works(hold, ready) => {
                        worlds.push(self.work(index, hold, ready));
                        worlds.extend(self.steal(hold));
                    }
                    Thread::Done(hold) => {
                        worlds.push(self.let_go(index, hold));
                        worlds.extend(self.steal(hold));
                    }
                }
            }
            worlds
        }

        fn with(&self, index: usize, thread: Thread, claim: &Claim) -> World {
            let mut world = self.clone();
            world.threads[index] = thread;
            world.word = claim.0.load(Ordering::Relaxed);
            world
        }

        fn take_event(&self, index: usize) -> Option<World> {
            let mut world = self.clone();
            let ready = world.reported.pop()?;
            world.threads[index] = Thread::Took(ready);
            Some(world)
        }

        fn tell(&self, index: usize, ready: u64) -> World {
            let claim = self.claim();
            match claim.notify(Ready(ready)) {
                Some(hold) => self.with(index, Thread::Works(hold.0, ready), &claim),
                None => self.with(index, Thread::Idle, &claim),
            }
        }

        fn work(&self, index: usize, hold: u64, ready: u64) -> World {
            let claim = self.claim();
            if !claim.is_held_by(Hold(hold)) {
                return self.with(index, Thread::Idle, &claim);
            }
            let mut world = self.with(index, Thread::Done(hold), &claim);
            world.unseen &= !ready;
            world
        }

        fn let_go(&self, index: usize, hold: u64) -> World {
            let claim = self.claim();
            let thread = match claim.release(Hold(hold)) {
                Released::Again(ready) => Thread::Works(hold, ready.0),
                Released::Free | Released::Lost => Thread::Idle,
            };
            self.with(index, thread, &claim)
        }

        /// The holder is slow, and an idle thread takes over with all that there may be to do.
        fn steal(&self, hold: u64) -> Option<World> {
            let thief = self
                .threads
                .iter()
                .position(|thread| *thread == Thread::Idle)?;
            let claim = self.claim();
            if self.steals == 0 {
                return None;
            }
            let (hold, ready) = claim.steal(Hold(hold))?;
            let mut world = self.with(
                thief,
                Thread::Works(hold.0, ready.0 | self.unread()),
                &claim,
            );
            world.steals -= 1;
            Some(world)
        }

        /// What a slow holder was told and left undone; a thief treats the source as ready for it.
        fn unread(&self) -> u64 {
            let told = |thread: &Thread| match *thread {
                Thread::Works(hold, ready) if self.claim().is_held_by(Hold(hold)) => ready,
                _ => 0,
            };
            self.threads
                .iter()
                .map(told)
                .fold(0, |all, ready| all | ready)
        }

        fn check(&self) {
            let claim = self.claim();
            let holders = self.threads.iter().filter(|thread| match **thread {
                Thread::Works(hold, _) | Thread::Done(hold) => claim.is_held_by(Hold(hold)),
                _ => false,
            });
            let held = self.word & HELD != 0;
            assert_eq!(
                holders.count(),
                usize::from(held),
                "one holder when held, else none: {self:?}"
            );
            let at_rest = self.reported.is_empty()
                && self.threads.iter().all(|thread| *thread == Thread::Idle);
            assert!(
                !at_rest || (self.unseen == 0 && !held),
                "an event was lost: {self:?}"
            );
        }
    }

    /// Walks through every interleaving of three threads, three events and two takings over.
    #[test]
    fn in_every_order_of_steps_one_thread_holds_and_no_event_is_lost() {
        let start = World {
            word: 0,
            reported: vec![Ready::READ.0, Ready::WRITE.0, Ready::HANGUP.0],
            threads: [Thread::Idle; 3],
            unseen: READY,
            steals: 2,
        };
        let (mut seen, mut open) = (HashSet::new(), vec![start]);
        let mut at_rest = 0;
        while let Some(world) = open.pop() {
            if !seen.insert(world.clone()) {
                continue;
            }
            world.check();
            let next = world.next();
            at_rest += usize::from(next.is_empty());
            open.extend(next);
        }
        assert!(
            seen.len() > 1000 && at_rest > 0,
            "{} worlds, {at_rest} at rest",
            seen.len()
        );
    }

    #[test]
    fn a_hold_that_was_taken_over_has_nothing_to_release() {
        let claim = Claim::default();
        let first = claim.notify(Ready::READ).expect("free at first");
        assert_eq!(claim.notify(Ready::READ), None, "held now");
        let (second, ready) = claim.steal(first).expect("held by the first");
        assert_eq!(ready, Ready::READ, "the event that came meanwhile");
        assert_eq!(claim.release(first), Released::Lost);
        assert_eq!(claim.steal(first), None, "the hold is over");
        assert_eq!(claim.release(second), Released::Free);
    }
}
