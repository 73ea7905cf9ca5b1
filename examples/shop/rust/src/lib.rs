//! The shop's search index.

pub mod search;
