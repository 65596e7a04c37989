//! Tests of `bytes`.

use super::Fields;

#[test]
fn fields_come_in_order_and_big_endian() {
    let mut fields = Fields::new(&[1, 2, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 5, 6, 7]);
    assert_eq!(fields.take::<1>(), [1]);
    assert_eq!(fields.u16(), 0x0203);
    assert_eq!(fields.u32(), 4);
    assert_eq!(fields.u64(), 5);
    assert_eq!(fields.rest(), [6, 7]);
}

#[test]
fn missing_bytes_read_as_zeros_and_never_panic() {
    let mut fields = Fields::new(&[9]);
    assert_eq!(fields.take::<4>(), [9, 0, 0, 0]);
    assert_eq!(fields.u64(), 0);
    assert!(fields.rest().is_empty());
}
