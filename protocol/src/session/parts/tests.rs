//! Tests of `parts`.

use super::{Joiner, split};
use crate::limits::{DESCRIPTION_MAX_BYTES, DESCRIPTION_PART_BYTES};
use crate::wire::bodies::{Description, SdpKind};

fn whole(length: usize) -> Description {
    let bytes = (0..length).map(|place| u8::try_from(place % 251).expect("a byte")).collect();
    Description { link: 3, generation: 4, kind: SdpKind::Answer, part: 0, parts: 1, bytes }
}

fn join(parts: impl IntoIterator<Item = Description>) -> Vec<Description> {
    let mut joiner = Joiner::default();
    parts.into_iter().filter_map(|part| joiner.take(part)).collect()
}

#[test]
fn parts_are_full_but_the_last() {
    for (length, parts) in [(1, 1), (3_840, 1), (3_841, 2), (7_680, 2), (16_384, 5)] {
        let cut = split(&whole(length));
        assert_eq!(cut.len(), parts, "{length} bytes");
        assert!(cut.iter().rev().skip(1).all(|part| part.bytes.len() == DESCRIPTION_PART_BYTES));
        assert!(cut.iter().zip(0..).all(|(part, number)| part.part == number && usize::from(part.parts) == parts));
        assert_eq!(join(cut), [whole(length)]);
    }
}

#[test]
fn what_is_empty_or_too_long_is_not_cut() {
    assert!(split(&whole(0)).is_empty());
    assert!(split(&whole(DESCRIPTION_MAX_BYTES + 1)).is_empty());
}

#[test]
fn a_part_that_does_not_follow_is_dropped_with_what_was_there() {
    let cut = split(&whole(10_000));
    assert!(join([cut[0].clone(), cut[2].clone(), cut[1].clone()]).is_empty());
    assert!(join([cut[1].clone(), cut[2].clone()]).is_empty());
    let again = [cut[0].clone(), cut[1].clone(), cut[0].clone(), cut[1].clone(), cut[2].clone()];
    assert_eq!(join(again), [whole(10_000)]);
}

#[test]
fn parts_of_different_descriptions_are_not_mixed() {
    let cut = split(&whole(10_000));
    let changes: [fn(&mut Description); 4] =
        [|d| d.link = 9, |d| d.generation = 9, |d| d.kind = SdpKind::Offer, |d| d.parts = 4];
    for change in changes {
        let mut other = cut[1].clone();
        change(&mut other);
        assert!(join([cut[0].clone(), other, cut[2].clone()]).is_empty());
    }
}

#[test]
fn more_than_16_kib_is_never_joined() {
    let part = |part, bytes| Description { part, parts: 5, bytes: vec![7; bytes], ..whole(1) };
    assert!(join((0..5).map(|number| part(number, DESCRIPTION_PART_BYTES))).is_empty());
}
