//! What travels: the test vectors of docs/PROTOCOL.md, and what must hold for anything.

mod commons;
mod properties;
mod samples;
mod vectors;
