//! Tests of `bytes`.
