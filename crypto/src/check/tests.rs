//! Tests of `check`.

use super::Check;

#[test]
fn prints_as_the_documents_write_it() {
    assert_eq!(Check::LENGTH.to_string(), "CHK-001");
    assert_eq!(format!("{:?}", Check::NOT_IN_SET), "CHK-094");
    assert_eq!(Check::LOW_STATIC.number(), 12);
}

#[test]
fn all_checks_ascend_so_that_no_number_stands_twice() {
    assert!(Check::ALL.windows(2).all(|pair| pair[0] < pair[1]));
}

/// The numbers in bold of the wire document are exactly the ones that exist here.
#[test]
fn all_checks_are_those_of_the_wire_document() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/wire.md");
    let text = std::fs::read_to_string(path).expect("docs/wire.md");
    let mut numbers: Vec<u16> = text
        .split("**")
        .skip(1)
        .step_by(2)
        .filter(|bold| bold.len() == 3)
        .filter_map(|bold| bold.parse().ok())
        .collect();
    // Section 5 and section 8 write 001..004 as a range the second time.
    numbers.sort_unstable();
    numbers.dedup();
    let ours: Vec<u16> = Check::ALL.iter().map(|check| check.number()).collect();
    assert_eq!(numbers, ours);
}

#[test]
fn refuses_what_is_wrong_and_passes_what_is_right() {
    assert_eq!(Check::TTL.refuse_if(true), Err(Check::TTL));
    assert_eq!(Check::TTL.refuse_if(false), Ok(()));
    assert_eq!(Check::TTL.require(None::<u8>), Err(Check::TTL));
    assert_eq!(Check::TTL.require(Some(7)), Ok(7));
}

#[test]
#[cfg(feature = "mutants")]
fn a_check_is_off_only_while_it_is_switched_off() {
    let refused = || (Check::TTL.refuse_if(true), Check::KIND.refuse_if(true), Check::TTL.require(None::<u8>));
    assert_eq!(refused(), (Err(Check::TTL), Err(Check::KIND), Err(Check::TTL)));
    let (off, other, none) = Check::TTL.switched_off(refused);
    assert_eq!((off, other), (Ok(()), Err(Check::KIND)));
    assert_eq!(none.map_err(Check::number), Err(0), "there is nothing to go on with");
    let unwound = std::panic::catch_unwind(|| Check::TTL.switched_off(|| panic!("on purpose")));
    assert!(unwound.is_err());
    assert_eq!(refused().0, Err(Check::TTL));
}
