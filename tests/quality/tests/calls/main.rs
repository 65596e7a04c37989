//! Calls over bad roads that every test run holds.

#[cfg(test)]
mod short;
