//! Tests of `device_set`.
