//! Message buffers that are used again, so that a call in steady state allocates nothing.

use std::cell::RefCell;

/// How many buffers a thread keeps: a few calls may be prepared before the first is made.
const KEPT: usize = 8;
/// A larger buffer than this is given back to the allocator: one huge call should not be paid for ever.
const LARGEST: usize = 2 << 20;

thread_local! {
    // Per thread and not per channel: taking one costs no lock.
    static POOL: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer, empty, and large if the last ones were.
pub(super) fn take() -> Vec<u8> {
    // A thread that is ending has no pool any more, and may still make a call.
    POOL.try_with(|pool| pool.borrow_mut().pop())
        .ok()
        .flatten()
        .unwrap_or_default()
}

/// The buffer may be used for another call.
pub(super) fn give(mut buffer: Vec<u8>) {
    if buffer.capacity() == 0 || buffer.capacity() > LARGEST {
        return;
    }
    buffer.clear();
    let _ = POOL.try_with(|pool| {
        let mut pool = pool.borrow_mut();
        if pool.len() < KEPT {
            pool.push(buffer);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_empty_with_its_memory() {
        let mut buffer = Vec::with_capacity(1000);
        buffer.push(1);
        let memory = buffer.as_ptr();
        give(buffer);
        let buffer = take();
        assert!(buffer.is_empty());
        assert_eq!(buffer.as_ptr(), memory);
    }

    #[test]
    fn few_buffers_are_kept_and_no_huge_ones() {
        give(Vec::with_capacity(LARGEST + 1));
        assert_eq!(take().capacity(), 0);
        (0..2 * KEPT).for_each(|_| give(Vec::with_capacity(8)));
        assert_eq!(
            (0..2 * KEPT).filter(|_| take().capacity() > 0).count(),
            KEPT
        );
    }
}
