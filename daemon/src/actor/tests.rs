//! The actor around a scripted core.
