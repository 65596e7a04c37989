//! Tests of `certificate`.
