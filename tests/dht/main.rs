//! Records in a real DHT of sixty nodes on loopback: what is published is found, and nothing that anybody else writes
//! can take its place.

mod network;
mod records;
