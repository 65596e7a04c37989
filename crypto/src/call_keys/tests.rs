//! Tests of `call_keys`.
