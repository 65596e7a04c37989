//! Tests of `prekey`.
