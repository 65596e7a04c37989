//! Tests of `sas`.
