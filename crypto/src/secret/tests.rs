//! Tests of `secret`.

use super::Secret;
use crate::testing::SeededRng;

#[test]
fn debug_tells_nothing() {
    assert_eq!(format!("{:?}", Secret::new([0xab; 32])), "Secret(..)");
}

#[test]
fn equality_is_that_of_the_bytes() {
    let mut other = [7; 32];
    other[31] = 8;
    assert_eq!(Secret::new([7; 32]), Secret::new([7; 32]));
    assert_ne!(Secret::new([7; 32]), Secret::new(other));
}

#[test]
fn randomness_comes_from_the_argument_alone() {
    let draw = |seed| Secret::random(&mut SeededRng::new(seed));
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}

#[test]
fn drawing_takes_fresh_bytes_each_time() {
    let mut rng = SeededRng::new(1);
    assert_ne!(Secret::random(&mut rng), Secret::random(&mut rng));
}
