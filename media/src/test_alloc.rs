//! Counts what a thread allocates: the proof that callbacks of sound cards allocate nothing.
#![expect(unsafe_code, reason = "an allocator is unsafe by its nature")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count(bytes: usize) {
    // A thread that ends has no counter any more, and nobody asks for it.
    COUNT.try_with(|count| count.set(count.get() + 1)).ok();
    BYTES.try_with(|sum| sum.set(sum.get() + bytes as u64)).ok();
}

// SAFETY: everything is the system's allocator's; beside it only a number is changed, which needs no memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as our caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(0);
        // SAFETY: as our caller promises.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: as our caller promises.
        unsafe { System.realloc(place, layout, size) }
    }
}

/// How many times `act` allocates or frees on this thread.
pub(crate) fn allocations(act: impl FnOnce()) -> u64 {
    let before = COUNT.get();
    act();
    COUNT.get() - before
}

/// What `act` gives, and how many bytes it asks for on this thread, those it frees again and those it moves included.
pub(crate) fn allocated_bytes<T>(act: impl FnOnce() -> T) -> (T, u64) {
    let before = BYTES.get();
    let made = act();
    (made, BYTES.get() - before)
}

#[test]
fn it_counts() {
    assert_eq!(allocated_bytes(|| drop(std::hint::black_box(vec![0_u8; 100]))).1, 100);
    assert_eq!(allocations(|| ()), 0);
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(7)))), 2);
}
