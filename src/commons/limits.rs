//! Limits of statements. All nodes of a network have the same.

/// Bytes of a statement, signature and all, at most.
pub const STATEMENT_BYTES: usize = 5 * 1024;

/// Parents that a statement names, at most.
pub const STATEMENT_PARENTS: usize = 8;

/// Statements of one author in one day in UTC, at most, along one chain of `previous`.
pub const STATEMENTS_PER_DAY: u32 = 1000;

/// The highest sequence number and the latest time that a statement may have: numbers in databases have a sign.
pub const GREATEST_NUMBER: u64 = i64::MAX as u64;
