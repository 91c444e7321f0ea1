//! A peer-to-peer node whose every behaviour is an explicit state machine.
