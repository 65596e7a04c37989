//! Tests of `topic`.

use super::Topic;

#[test]
fn reads_back_the_name_it_has() {
    let name = "nbuimqew2oztbkrgylxeje4cn2l2vs34";
    let topic = Topic::parse(name).expect("a topic");
    assert_eq!(topic.as_str(), name);
}

#[test]
fn takes_nothing_but_32_letters_of_base32() {
    let good = "a".repeat(32);
    assert!(Topic::parse(&good).is_some());
    for wrong in [String::new(), "a".repeat(31), "a".repeat(33)] {
        assert_eq!(Topic::parse(&wrong), None, "{wrong}");
    }
    for letter in (0..=0x7f_u8).map(char::from) {
        let name = format!("{}{letter}", "a".repeat(31));
        assert_eq!(Topic::parse(&name).is_some(), matches!(letter, 'a'..='z' | '2'..='7'), "{letter:?}");
    }
    assert_eq!(Topic::parse(&"é".repeat(16)), None, "32 bytes that aren't letters");
}

#[test]
fn bytes_that_are_no_text_have_no_name() {
    assert_eq!(Topic([0xff; 32]).as_str(), "");
}
