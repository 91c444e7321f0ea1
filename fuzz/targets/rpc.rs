//! No body of a request may do the local API any harm: it is read to a request or refused with a sentence, and both can
//! be answered.

#![no_main]

use bitpie::api::rpc::{parse_request, write_response};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// Bytes of what is told of a body, at most: it must not be repeated to whoever sent it.
const MESSAGE_BYTES: usize = 8 * 1024;

fuzz_target!(|data: &[u8]| {
    let (id, outcome) = match parse_request(data) {
        Ok(numbered) => {
            assert!(!format!("{:?}", numbered.request).is_empty());
            (numbered.id, Ok(Value::from(numbered.request.method())))
        }
        Err(bad) => {
            assert!(!bad.error.message.is_empty() && bad.error.message.len() < MESSAGE_BYTES);
            assert_eq!(bad.error.code, bad.error.kind().code());
            (bad.id, Err(*bad.error))
        }
    };
    let answer: Value = serde_json::from_slice(&write_response(&id, &outcome)).expect("an answer is JSON");
    // Fractions are not read to the last bit.
    assert!(id.is_f64() || answer["id"] == id);
    assert_ne!(answer.get("result").is_some(), answer.get("error").is_some());
});
