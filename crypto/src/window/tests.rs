//! Tests of `window`: against a model that remembers everything.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::Window;
use crate::limits::WINDOW;

#[test]
fn a_counter_is_fresh_once() {
    let mut window = Window::default();
    assert!(window.is_fresh(0));
    window.take(0);
    assert!(!window.is_fresh(0));
    assert!(window.is_fresh(1));
}

#[test]
fn looking_does_not_move_the_window() {
    let window = Window::default();
    assert!(window.is_fresh(1_000_000));
    assert!(window.is_fresh(0));
    assert_eq!(window, Window::default());
}

#[test]
fn the_window_is_128_wide() {
    let mut window = Window::default();
    window.take(1_000);
    assert!(window.is_fresh(1_000 - (WINDOW - 1)), "127 behind");
    assert!(!window.is_fresh(1_000 - WINDOW), "128 behind");
    window.take(1_000 - (WINDOW - 1));
    assert!(!window.is_fresh(1_000 - (WINDOW - 1)));
}

#[test]
fn a_jump_further_than_the_window_forgets_nothing_that_matters() {
    let mut window = Window::default();
    for counter in 0..200 {
        window.take(counter);
    }
    window.take(200 + WINDOW);
    assert!(!window.is_fresh(199));
    assert!(!window.is_fresh(200));
    assert!(window.is_fresh(201));
}

#[test]
fn taking_what_is_not_fresh_changes_nothing() {
    let mut window = Window::default();
    window.take(500);
    window.take(450);
    let before = window;
    window.take(500);
    window.take(450);
    window.take(3);
    assert_eq!(window, before);
}

#[test]
fn the_highest_counters_do_no_harm() {
    let mut window = Window::default();
    window.take(u64::MAX - 1);
    assert!(!window.is_fresh(u64::MAX - 1));
    window.take(u64::MAX);
    assert!(!window.is_fresh(0));
}

proptest! {
    #[test]
    fn it_agrees_with_a_model_that_remembers_everything(counters in prop::collection::vec(0u64..400, 0..300)) {
        let (mut window, mut taken) = (Window::default(), BTreeSet::new());
        for counter in counters {
            let highest: Option<u64> = taken.last().copied();
            let behind = highest.is_some_and(|highest| counter + WINDOW <= highest);
            prop_assert_eq!(window.is_fresh(counter), !behind && !taken.contains(&counter), "counter {}", counter);
            if window.is_fresh(counter) {
                window.take(counter);
                taken.insert(counter);
            }
        }
    }

    #[test]
    fn no_counter_is_ever_taken_twice(counters in prop::collection::vec(any::<u64>().prop_map(|c| c >> (c % 64)), 0..300)) {
        let (mut window, mut taken) = (Window::default(), BTreeSet::new());
        for counter in counters {
            if window.is_fresh(counter) {
                window.take(counter);
                prop_assert!(taken.insert(counter), "counter {} twice", counter);
            }
        }
    }
}
