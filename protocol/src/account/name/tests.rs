//! Tests of `name`.

use super::{problem, visible};

/// Letters that nobody sees: direction marks, zero widths, fillers, tags.
const UNSEEN: [char; 14] = [
    '\u{202e}',
    '\u{2066}',
    '\u{200e}',
    '\u{61c}',
    '\u{200b}',
    '\u{200d}',
    '\u{2060}',
    '\u{feff}',
    '\u{ad}',
    '\u{3164}',
    '\u{115f}',
    '\u{180e}',
    '\u{e0041}',
    '\u{2028}',
];

#[test]
fn names_of_people_can_be_used_as_they_are() {
    for name in ["A", "Zoë", "名前", "Иван", "علي", "O'Neil-Smith 2", "👋", "ahoy-abc123", "ahoyer"] {
        assert_eq!(problem(name), None, "{name}");
        assert_eq!(visible(name), name);
    }
}

#[test]
fn what_cannot_be_seen_is_refused_in_a_chosen_name_and_taken_out_of_a_card() {
    for letter in UNSEEN {
        for name in [format!("Al{letter}ice"), format!("{letter}Alice"), format!("Alice{letter}")] {
            assert!(problem(&name).is_some(), "{name:?}");
            assert_eq!(visible(&name), "Alice", "{name:?}");
        }
    }
    assert_eq!(visible(" \u{200b} Alice \u{202e}"), "Alice", "no blank is left at an end");
    assert_eq!(visible("\u{200b}\u{2060}"), "");
}

#[test]
fn no_name_passes_for_an_account_id_or_a_card() {
    let id = "ahoy1000ghjgp4an3t8v4my8tjzjpjsja58lnf77huvumnhwcedgec8pskch7qx";
    for name in [id, &id.to_uppercase(), "ahoy1", "Ahoy1 Bob", "ahoy:pgFY"] {
        assert!(problem(name).is_some(), "{name}");
    }
}

#[test]
fn names_out_of_their_size_and_shape_are_refused() {
    for name in ["", " ", " A", "A ", "a\nb", "a\u{7f}", "a\u{85}b", &"x".repeat(65)] {
        assert!(problem(name).is_some(), "{name:?}");
    }
    assert_eq!(problem(&"x".repeat(64)), None);
}
